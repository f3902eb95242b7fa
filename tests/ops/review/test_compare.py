"""Two graphs of one stack become a plan as the engine would make it, aliases included."""

from __future__ import annotations

import importlib.metadata
import inspect
import json
import re
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_gcp
import pytest

from ops.review import compare
from ops.review.compare import former_urns, plan_of
from ops.review.dangers import LOST
from ops.review.graph import declare_graph, from_json, of_deployment, to_json
from tests import harness
from tests.ops.review.graphs import ARCHIVE, DATASET, TOPIC, Graph, dataset, graph, node, with_inputs

FORCES = re.compile(
    r"forces? (?:a )?(?:new|replac|recreat)|trigger recreation|\bImmutable\b|cannot be changed|"
    r"Changing this property may recreate|\bmay not be changed",
    re.IGNORECASE,
)
NOT_REPLACING = {
    ("gcp:logging/projectBucketConfig:ProjectBucketConfig", "locked"): "Google refuses to unlock; nothing is replaced",
    ("gcp:logging/projectBucketConfig:ProjectBucketConfig", "cmek_settings"): "the location it speaks of is the key's",
}
"""What a docstring says cannot be changed and the provider does not answer with a replacement."""


def ops(before: Graph, after: Graph) -> dict[str, str]:
    return {step.name: step.op for step in plan_of(before, after).steps if step.op != "same"}


def test_what_is_equal_stays() -> None:
    assert ops(graph(dataset()), graph(dataset())) == {}


@pytest.mark.parametrize("key", ["location", "name", "project", "encryptionSpec"])
def test_changing_where_a_dataset_is_replaces_it(key: str) -> None:
    assert ops(graph(dataset()), graph(dataset(**{key: "other"}))) == {"archive-dataset": "replace"}


def test_other_inputs_are_changed_in_place() -> None:
    step = plan_of(graph(dataset()), graph(dataset(timeZone="UTC"))).steps[0]

    assert (step.op, step.changed, step.replacing) == ("update", ("timeZone",), ())


def test_a_protect_flag_is_a_change_too() -> None:
    assert ops(graph(dataset()), graph(dataset(protect=False))) == {"archive-dataset": "update"}


def test_what_the_program_ignores_is_no_change() -> None:
    old = node(TOPIC, "t", ignored=("rotation.nextRotationTime",), rotation={"period": "1s", "nextRotationTime": "a"})

    assert ops(graph(old), graph(with_inputs(old, rotation={"period": "1s", "nextRotationTime": "b"}))) == {}
    assert ops(graph(old), graph(with_inputs(old, rotation={"period": "2s", "nextRotationTime": "a"}))) == {
        "t": "update"
    }


def test_a_new_name_without_an_alias_deletes_and_creates() -> None:
    renamed = replace(dataset(), urn=dataset().urn.replace("archive-dataset", "images"), name="images")

    assert ops(graph(dataset()), graph(renamed)) == {"images": "create", "archive-dataset": "delete"}


def test_with_an_alias_it_is_the_same_resource() -> None:
    renamed = replace(
        dataset(), urn=dataset().urn.replace("archive-dataset", "images"), name="images", aliases=(dataset().urn,)
    )
    step = plan_of(graph(dataset()), graph(renamed)).steps[0]

    assert (step.op, step.former_urn, step.changed) == ("update", dataset().urn, ())


def test_children_inherit_the_alias_of_a_renamed_parent_with_its_name() -> None:
    old = node(ARCHIVE, "archive")
    child = node(DATASET, "archive-dataset", old.urn, name="imaging")
    new = replace(node(ARCHIVE, "images"), aliases=(old.urn,))
    moved = node(DATASET, "images-dataset", new.urn, name="imaging")

    assert ops(graph(old, child), graph(new, moved)) == {"images": "update", "images-dataset": "update"}
    assert ops(graph(old, child), graph(replace(new, aliases=()), moved)) == {
        "images": "create",
        "images-dataset": "create",
        "archive": "delete",
        "archive-dataset": "delete",
    }


def test_aliases_of_the_sdk_mean_what_the_engine_means(deploy: harness.Deploy) -> None:
    """The same renames through the real SDK: an alias of the component, by name, and one of the child, by parent."""
    former = "urn:pulumi:test::dicom-platform::imaging:x:Archive::one"

    class Archive(pulumi.ComponentResource):
        def __init__(self, name: str, child: str, opts: pulumi.ResourceOptions, alias: list[pulumi.Alias]) -> None:
            super().__init__("imaging:x:Archive", name, None, opts)
            made = pulumi.ResourceOptions(parent=self, aliases=alias)
            pulumi_gcp.pubsub.Topic(child, name="t", opts=made)

    old = of_deployment("test", deploy(lambda: Archive("one", "one-t", pulumi.ResourceOptions(), [])).deployment)
    by_name = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="one")])
    new = of_deployment("test", deploy(lambda: Archive("two", "two-t", by_name, [])).deployment)
    free = pulumi.ResourceOptions()
    out = of_deployment(
        "test", deploy(lambda: Archive("two", "t", free, [pulumi.Alias(name="one-t", parent=former)])).deployment
    )

    assert {step.op for step in plan_of(old, new).steps if step.type == TOPIC} == {"update"}
    urns = {node.name: former_urns(node, {other.urn: other for other in out.nodes}) for node in out.nodes}
    assert any(urn.endswith("::one-t") for urn in urns["t"])


def test_a_graph_can_be_written_and_read() -> None:
    found = declare_graph("local")

    assert from_json(json.loads(json.dumps(to_json(found)))) == found


@pytest.mark.parametrize("stack", ["local", "dev", "prod"])
def test_the_same_program_twice_is_no_change(stack: str) -> None:
    assert plan_of(declare_graph(stack), declare_graph(stack)).changes == []


def test_every_type_that_we_declare_is_in_the_table() -> None:
    types = {node.type for stack in ("local", "dev", "prod") for node in declare_graph(stack).nodes}

    unknown = compare.unknown_types(types)
    assert unknown == [], "say in ops/review/force_new.json which of their inputs cannot be changed in place"
    assert compare.unknown_types(LOST) == ["gcp:healthcare/consentStore:ConsentStore",
                                             "gcp:healthcare/fhirStore:FhirStore",
                                             "gcp:healthcare/hl7Store:Hl7Store"]  # fmt: skip


def test_the_table_was_checked_against_the_installed_provider() -> None:
    """Red after an update of pulumi-gcp: read its upgrade notes, run the tests below, then raise the version."""
    assert table()["pulumi_gcp"] == importlib.metadata.version("pulumi_gcp")


def table() -> dict[str, Any]:
    return json.loads((harness.ROOT / "ops" / "review" / "force_new.json").read_text())


def documented(type_: str) -> dict[str, str]:
    """Each input of the resource's class → what the SDK says about it."""
    module, class_ = type_.split(":")[1].partition("/")[0], type_.rpartition(":")[2]
    made = getattr(getattr(pulumi_gcp, module), f"{class_}Args").__init__
    said = {part.split(":")[0].split()[-1]: part for part in re.split(r"\n\s*:param ", made.__doc__ or "")[1:]}
    return {name: said.get(name, "") for name in inspect.signature(made).parameters if name not in ("self", "__self__")}


@pytest.mark.parametrize("type_", table()["types"])
def test_the_table_names_inputs_that_exist(type_: str) -> None:
    names = {camel(name) for name in documented(type_)}

    assert set(table()["types"][type_]["replaces"]) <= names


@pytest.mark.parametrize("type_", table()["types"])
def test_what_the_sdk_says_cannot_be_changed_is_in_the_table(type_: str) -> None:
    said = {name for name, words in documented(type_).items() if FORCES.search(words)}
    said -= {name for of, name in NOT_REPLACING if of == type_}

    assert {camel(name) for name in said} <= set(table()["types"][type_]["replaces"])


def camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)
