"""What the rules see of a deployment."""

from __future__ import annotations

from policy.resource import Violation
from tests.infra import stacks


def test_the_rules_see_what_is_declared_and_how_it_is_protected() -> None:
    graph = stacks.prod()
    seen = {resource.urn: resource for resource in graph.declared}
    dataset = graph.one("healthcare/dataset:Dataset")

    assert seen.keys() == {urn for urn in graph.deployment.resources if "::pulumi:pulumi:Stack::" not in urn}
    assert seen[dataset.urn].type == "gcp:healthcare/dataset:Dataset"
    assert seen[dataset.urn].name == "archive-dataset"
    assert seen[dataset.urn].properties["location"] == "europe-west4"
    assert seen[dataset.urn].protect
    assert seen[seen[dataset.urn].parent].type == "dicom-platform:components:ImagingArchive"


def test_a_violation_reads_as_one_line() -> None:
    violation = Violation(
        "no-keys", ("16",), "urn:key", "The key k of a service account is a secret file.", "Remove it."
    )

    assert str(violation) == "no-keys: The key k of a service account is a secret file. Remove it."
