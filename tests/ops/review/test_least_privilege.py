"""The matrix is what a reviewer agreed to, and the page says it in words."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ops.review import least_privilege
from ops.review.graph import declare_graph, resources_of
from ops.review.least_privilege import GOLDEN, PAGE, STACKS, difference, duties, golden_text, matrix
from tests.ops.review.graphs import JOB, STORES, grant, graph, node, role


def test_the_matrix_is_what_was_agreed() -> None:
    """Red: a grant was changed. If it is meant, `python -m ops access --write` and have it reviewed."""
    assert [line for path, wanted in least_privilege.files().items() for line in difference(path, wanted)] == []


@pytest.mark.parametrize("stack", STACKS)
def test_nobody_in_it_has_a_basic_role_or_is_the_public(stack: str) -> None:
    agreed = json.loads((GOLDEN / f"{stack}.json").read_text())
    held = {role for places in agreed.values() for roles in places.values() for role in roles}

    assert not held & {"roles/owner", "roles/editor", "roles/viewer", "roles/healthcare.dicomViewer"}
    assert not [who for who in agreed if who.startswith(("all", "user:", "domain:", "project"))]
    assert not [entry for role in _entries(agreed) for entry in role if entry == "*"]


def _entries(agreed: dict[str, dict[str, dict[str, list[str]]]]) -> list[list[str]]:
    return [allowed for places in agreed.values() for roles in places.values() for allowed in roles.values()]


def test_a_cell_is_principal_resource_role_and_permissions() -> None:
    bound = grant(condition={"title": "t", "expression": "e"})
    unknown = node("gcp:projects/iAMMember:IAMMember", "g", project="p", member=JOB, role="roles/new.thing")

    assert matrix(resources_of(graph(role("b", "a"), bound, unknown))) == {
        JOB: {
            f"{STORES}raw if e": {"projects/p/roles/dicomJob": ["a", "b"]},
            "projects/p": {"roles/new.thing": ["roles/new.thing"]},
        }
    }


def test_every_identity_of_the_page_has_a_duty() -> None:
    found = duties(resources_of(declare_graph("prod")))

    assert len(found) >= 9
    assert all(found.values())


def test_the_page_names_every_principal_and_holds_no_open_markup() -> None:
    page = PAGE.read_text()

    assert page.count("\n## ") == len(matrix(resources_of(declare_graph("prod")))) + 2
    assert page.count("`") % 2 == 0
    assert not re.search(r"may *$|: *$", page.partition("\n## ")[2].partition("\n## Beside")[0], re.MULTILINE)


def test_a_changed_grant_is_shown_and_written_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    agreed = tmp_path / "local.json"
    wanted = golden_text(matrix(resources_of(graph(role("a"), grant()))))
    agreed.write_text(wanted.replace('"a"', '"a.former"'))
    monkeypatch.setattr(least_privilege, "ROOT", tmp_path)
    monkeypatch.setattr(least_privilege, "files", lambda: {agreed: wanted})

    assert least_privilege.main([]) == 1
    said = capsys.readouterr()
    assert '-    "a.former"' in said.out
    assert '+    "a"' in said.out
    assert "run it with --write" in said.err
    assert least_privilege.main(["--write"]) == 0
    assert least_privilege.main([]) == 0
