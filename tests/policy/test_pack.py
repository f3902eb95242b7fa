"""The policy pack as Pulumi's engine runs it: a process of its own, asked over gRPC."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
import yaml
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from engine.values import encode
from policy.check import check
from policy.provider_defaults import DEFAULTS, without_defaults
from policy.resource import Resource
from policy.rules import RULES
from policy.shape import shapes
from tests import harness
from tests.harness import Graph
from tests.infra import stacks
from tests.policy.fixtures import CASES, bucket, grant
from tests.policy.fixtures_running import RUNNING_CASES
from tests.policy.mutations import changed

ROOT = Path(__file__).resolve().parents[2]
MANDATORY, ADVISORY = analyzer_pb2.MANDATORY, analyzer_pb2.ADVISORY


@pytest.fixture(scope="module")
def analyzer() -> Iterator[Any]:
    """The pack, started as Pulumi's Python host starts it: `python -m pulumi.policy ENGINE FOLDER`."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(ROOT / "policy")],
        cwd=ROOT / "policy",
        env=environment,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        port = process.stdout.readline().decode().strip()
        try:
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield analyzer_pb2_grpc.AnalyzerStub(channel)
        finally:
            process.terminate()


def as_checked(value: Any) -> Any:
    """The inputs as the engine shows them: in each mapping it keeps beside them which of them the provider set."""
    if isinstance(value, dict):
        mapping = cast("dict[str, Any]", value)
        return {"__defaults": [], **{key: as_checked(child) for key, child in mapping.items()}}
    return [as_checked(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value


def options(resource: Resource) -> Any:
    return analyzer_pb2.AnalyzerResourceOptions(protect=resource.protect, parent=resource.parent)


def analyze(analyzer: Any, resource: Resource) -> list[Any]:
    request = analyzer_pb2.AnalyzeRequest(
        type=resource.type,
        urn=resource.urn,
        name=resource.name,
        properties=encode(as_checked(resource.properties)),
        options=options(resource),
    )
    return list(analyzer.Analyze(request, timeout=20).diagnostics)


def analyze_stack(analyzer: Any, resources: Sequence[Resource]) -> list[Any]:
    sent = [
        analyzer_pb2.AnalyzerResource(
            type=resource.type,
            urn=resource.urn,
            name=resource.name,
            properties=encode(as_checked(resource.properties)),
            options=options(resource),
            parent=resource.parent,
        )
        for resource in resources
    ]
    return list(analyzer.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=sent), timeout=20).diagnostics)


def test_every_rule_is_a_policy_with_its_words_and_level(analyzer: Any) -> None:
    info = analyzer.GetAnalyzerInfo(empty_pb2.Empty(), timeout=20)

    told = {policy.name: (policy.description, policy.enforcementLevel) for policy in info.policies}
    levels = {"must": MANDATORY, "should": ADVISORY}
    assert told.items() >= {rule.name: (rule.words, levels[rule.level]) for rule in RULES}.items()
    assert told.keys() - {rule.name for rule in RULES} == {
        "decided-at-up",
        "exceptions-are-in-order",
    }


def test_a_good_prod_stack_passes_the_pack(analyzer: Any) -> None:
    stack = stacks.prod().declared
    said = [found for resource in stack for found in analyze(analyzer, resource)] + analyze_stack(analyzer, stack)

    assert [found.message for found in said if found.enforcementLevel == MANDATORY] == []
    assert {found.policyName for found in said} == {
        "images-are-attested",
        "raw-images-are-cheap-to-read",
        "secret-rotates",
    }


@pytest.mark.parametrize("name", [*CASES, *RUNNING_CASES])
def test_the_pack_finds_what_the_check_finds(analyzer: Any, name: str) -> None:
    bad, good = (CASES | RUNNING_CASES)[name]
    for resources in (bad, good):
        said = [found for resource in resources for found in analyze(analyzer, resource)]
        said += analyze_stack(analyzer, resources)
        report = check(resources)

        packed = {(found.policyName, found.urn) for found in said}
        assert packed == {(found.rule, found.urn) for found in report.violations + report.warnings}


def test_what_is_said_names_resource_remedy_and_controls(analyzer: Any) -> None:
    (found,) = analyze(analyzer, bucket(uniformBucketLevelAccess=True, versioning={"enabled": True}))

    assert found.message.splitlines() == [
        "A bucket's objects can never be public.",
        "Bucket it does not enforce that nothing in it is public. "
        'Set publicAccessPrevention to "enforced". (controls 12, 18)',
    ]


def test_an_unknown_value_is_reported_as_decided_at_up_and_hides_nothing_else(analyzer: Any) -> None:
    public = grant("roles/browser", UNKNOWN_STRING_VALUE)
    open_bucket = bucket(uniformBucketLevelAccess=UNKNOWN_STRING_VALUE)

    said = [found for resource in (public, open_bucket) for found in analyze(analyzer, resource)]
    said += analyze_stack(analyzer, [public, open_bucket])
    (still_open,) = [found for found in said if found.policyName == "decided-at-up"]

    assert {"bucket-is-private", "bucket-keeps-old-versions"} <= {found.policyName for found in said}
    assert "no-public-principal" not in {found.policyName for found in said}
    assert not any(found.message.startswith("can't run policy") for found in said)
    assert still_open.enforcementLevel == ADVISORY
    assert "  no-public-principal: member of IAMMember (1)" in still_open.message.splitlines()


def test_an_unknown_value_that_needs_the_whole_stack_is_reported_too(analyzer: Any) -> None:
    stack = stacks.prod().declared
    dataset = next(resource for resource in stack if resource.name == "archive-dataset")
    unknown = [changed(r, "deletionPolicy", UNKNOWN_STRING_VALUE) if r is dataset else r for r in stack]

    said = [found.message for found in analyze_stack(analyzer, unknown) if found.policyName == "decided-at-up"]

    assert ["  stateful-is-protected: deletionPolicy of Dataset (1)" in message for message in said] == [True]


def test_the_first_preview_of_a_stack_is_no_page_of_advice(analyzer: Any) -> None:
    """In it every id, name, e-mail and member that another resource gives is unknown."""
    own = {"id", "name", "member", "email", "serviceAccount", "topic", "bucket", "role", "secretId", "dicomStoreId"}
    first = [
        reduce(lambda made, key: changed(made, key, UNKNOWN_STRING_VALUE), own & resource.properties.keys(), resource)
        for resource in stacks.empty_dev().declared
    ]

    said = [found for resource in first for found in analyze(analyzer, resource)] + analyze_stack(analyzer, first)
    advice = [found.message for found in said if found.enforcementLevel == ADVISORY]

    assert sum(message.count("\n") + 2 for message in advice) <= 60
    assert any("no-public-principal: member of IAMMember (" in message for message in advice)


def as_the_engine_shows(resource: Resource) -> tuple[Resource, Resource]:
    """Its inputs, with what the provider fills in; and its outputs, before it is made."""
    defaults = {path: value for path, value in DEFAULTS.get(resource.type, {}).items() if "." not in path}
    inputs = replace(resource, properties={**defaults, **resource.properties})
    computed = {"id": UNKNOWN_STRING_VALUE, "etag": UNKNOWN_STRING_VALUE, "condition": None}
    return inputs, replace(inputs, properties={**inputs.properties, **computed})


@pytest.mark.parametrize("graph", [stacks.local, stacks.empty_dev, stacks.prod], ids=["local", "dev", "prod"])
def test_what_the_provider_says_beside_what_is_declared_is_nobodys_fault(
    analyzer: Any, graph: Callable[[], Graph]
) -> None:
    shown = [as_the_engine_shows(resource) for resource in graph().declared]

    said = [found for inputs, _ in shown for found in analyze(analyzer, inputs)]
    said += analyze_stack(analyzer, [outputs for _, outputs in shown])

    assert [found.message for found in said if found.enforcementLevel == MANDATORY] == []


def test_what_the_provider_fills_in_is_left_out_wherever_it_stands_and_nothing_else_is() -> None:
    budget = {"allUpdatesRule": {"schemaVersion": "1.0", "monitoringNotificationChannels": ["c"]}, "displayName": "1.0"}

    assert without_defaults("gcp:billing/budget:Budget", budget) == {
        "allUpdatesRule": {"monitoringNotificationChannels": ["c"]},
        "displayName": "1.0",
    }
    assert without_defaults("gcp:storage/bucket:Bucket", {"storageClass": "NEARLINE"}) == {"storageClass": "NEARLINE"}


def test_what_the_program_declares_is_no_default_of_the_providers() -> None:
    assert [(type_, path) for type_ in DEFAULTS for path in DEFAULTS[type_] if path in shapes()[type_]] == []


@pytest.mark.parametrize(("name", "refused"), [("local", False), ("dev", True)])
def test_only_on_this_machine_the_uptime_check_asks_this_machine(name: str, refused: bool) -> None:
    """There is one once people can sign in."""
    stack = harness.stack(name, **{key: stacks.PROD[key] for key in ("gcp:project", "jobImageDigest", "oauthClientId")})
    (asks,) = [resource for resource in stack.declared if "uptimeCheck" in resource.type]
    asks_here = changed(asks, "monitoredResource.labels.host", "127.0.0.1:8787")
    shown = [asks_here if resource.urn == asks.urn else resource for resource in stack.declared]

    found = {violation.rule for violation in check(shown).violations}

    assert ("addresses-are-known" in found) is refused


def test_what_was_declared_for_one_stack_is_not_held_for_the_next(analyzer: Any) -> None:
    stack = stacks.prod().declared
    for resource in stack:
        analyze(analyzer, resource)
    assert [found for found in analyze_stack(analyzer, stack) if found.enforcementLevel == MANDATORY] == []

    changed_now = [changed(r, "deletionPolicy", "DELETE") if r.name == "archive-raw" else r for r in stack]

    said = [found.policyName for found in analyze_stack(analyzer, changed_now) if found.enforcementLevel == MANDATORY]
    assert "stateful-is-protected" in said


def test_protect_reaches_the_rules(analyzer: Any) -> None:
    stack = stacks.prod().declared
    bare = [changed(r, "protect") if r.name == "archive-raw" else r for r in stack]

    said = [found for found in analyze_stack(analyzer, bare) if found.enforcementLevel == MANDATORY]

    assert [(found.policyName, found.urn.rpartition("::")[2]) for found in said] == [
        ("stateful-is-protected", "archive-raw")
    ]


def test_pulumi_finds_the_pack_and_its_environment() -> None:
    described = yaml.safe_load((ROOT / "policy" / "PulumiPolicy.yaml").read_text())

    assert described["runtime"]["name"] == "python"
    assert (ROOT / "policy" / described["runtime"]["options"]["virtualenv"]).resolve() == (ROOT / ".venv").resolve()
