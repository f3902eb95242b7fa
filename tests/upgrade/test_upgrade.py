"""The present program takes over what the last release left, and loses nothing on the way."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ops.review import record
from ops.review.compare import plan_of
from ops.review.dangers import LOST, Danger, dangers
from ops.review.graph import Graph, declare_graph
from ops.review.record import KEPT, STACKS, as_text, read_recorded

LOSSES = ("delete", "replace", "unprotect")


def losses(before: Graph, after: Graph) -> list[Danger]:
    return [danger for danger in dangers(plan_of(before, after)) if danger.kind in LOSSES]


@pytest.mark.parametrize("stack", STACKS)
def test_an_upgrade_loses_nothing(stack: str) -> None:
    """Red: give what was renamed an alias, or leave the setting alone; see README.md beside this file."""
    assert [danger.what for danger in losses(read_recorded(stack), declare_graph(stack))] == []


def renamed(graph: Graph, type_: str, alias: bool) -> tuple[str, Graph]:
    """The graph with its first resource of a type under another name, and that resource's former URN."""
    recorded = {node.urn for node in read_recorded(graph.stack).nodes}
    old = next(node for node in graph.nodes if node.type == type_ and node.urn in recorded)
    new = replace(old, urn=f"{old.urn}-2", name=f"{old.name}-2", aliases=(old.urn,) if alias else ())
    return old.urn, Graph(stack=graph.stack, nodes=tuple(new if node is old else node for node in graph.nodes))


STATEFUL = sorted({node.type for node in read_recorded("prod").nodes} & LOST.keys())


@pytest.mark.parametrize("type_", STATEFUL)
def test_a_new_name_is_a_loss_without_an_alias_and_none_with_one(type_: str) -> None:
    before = read_recorded("prod")
    urn, without = renamed(declare_graph("prod"), type_, alias=False)
    _, with_alias = renamed(declare_graph("prod"), type_, alias=True)

    assert urn in {danger.urn for danger in losses(before, without)}
    assert urn not in {danger.urn for danger in losses(before, with_alias)}


def test_a_component_that_moves_its_children_loses_them_without_an_alias() -> None:
    before, now = read_recorded("prod"), declare_graph("prod")
    old = next(node for node in now.nodes if node.name == "archive")
    type_ = "imaging:other:Archive"

    def moved(alias: bool) -> Graph:
        urn = old.urn.replace(old.type, type_)
        component = replace(old, urn=urn, type=type_, aliases=(old.urn,) if alias else ())
        nodes = [
            replace(node, urn=node.urn.replace(f"{old.type}$", f"{type_}$"), parent=urn)
            if node.parent == old.urn
            else node
            for node in now.nodes
        ]
        return Graph(stack=now.stack, nodes=tuple(component if node is old else node for node in nodes))

    assert {"archive-dataset", "archive-raw", "archive-viewer"} <= {
        danger.urn.rpartition("::")[2] for danger in losses(before, moved(alias=False))
    }
    assert losses(before, moved(alias=True)) == []


@pytest.mark.parametrize("setting", ["location", "dataset"])
def test_a_setting_that_would_replace_the_images_is_a_loss(setting: str) -> None:
    after = declare_graph("prod", overrides={setting: "us-central1" if setting == "location" else "other"})

    assert "archive-dataset" in {danger.urn.rpartition("::")[2] for danger in losses(read_recorded("prod"), after)}


@pytest.mark.parametrize("stack", STACKS)
def test_the_record_holds_no_secret_and_no_path_of_a_machine(stack: str) -> None:
    text = (KEPT / f"{stack}.json").read_text()

    assert not re.search(r'"(/(home|root|tmp|Users|work)/|file://|C:\\)', text)
    assert '"secretData": "[secret' in text
    assert set(json.loads(text)["made_with"]) == {"pulumi", "pulumi_gcp"}


def test_what_is_recorded_can_be_read_back() -> None:
    now = declare_graph("dev")
    folder = KEPT

    assert plan_of(now, now).changes == []
    assert json.loads(as_text(now))["stack"] == "dev"
    assert len(as_text(now).splitlines()) == len(now.nodes) + 2
    assert read_recorded("dev", folder).stack == "dev"


def test_recording_tells_the_reviewer_what_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert record.main(["--stack", "local", "--into", str(tmp_path)]) == 0
    assert "local.json cannot be read" in capsys.readouterr().err

    path = tmp_path / "local.json"
    path.write_text(re.sub(r'("|::)archive-dataset"', r'\1archive-former"', path.read_text()))
    assert record.main(["--stack", "local", "--into", str(tmp_path)]) == 1
    assert "`archive-former` (healthcare Dataset) is deleted" in capsys.readouterr().out
    assert plan_of(read_recorded("local", tmp_path), declare_graph("local")).changes == []
