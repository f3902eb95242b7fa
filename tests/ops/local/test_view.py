"""What a person sees of a deployment: a line a resource in a pipe, a tree on a terminal."""

from __future__ import annotations

import io
from dataclasses import dataclass

from rich.console import Console

from ops.local import view

STACK, SITE = "urn:pulumi:local::p::pulumi:pulumi:Stack::p-local", "urn:pulumi:local::p::Site::viewer"


@dataclass(frozen=True)
class Step:
    urn: str
    type: str
    name: str
    parent: str
    phase: str
    seconds: float = 0.5


STEPS = [
    Step(STACK, "pulumi:pulumi:Stack", "p-local", "", "creating"),
    Step(SITE, "dicom-platform:components:ViewerSite", "viewer", STACK, "creating"),
    Step("urn:a", "gcp:firebase/project:Project", "viewer-firebase", SITE, "creating"),
    Step("urn:a", "gcp:firebase/project:Project", "viewer-firebase", SITE, "created"),
    Step("urn:b", "gcp:firebase/webApp:WebApp", "viewer-app", SITE, "failed"),
    Step(SITE, "dicom-platform:components:ViewerSite", "viewer", STACK, "created"),
]


def shown(*, terminal: bool) -> str:
    console = Console(
        file=io.StringIO(), force_terminal=terminal, _environ={"TERM": "xterm"}, width=200, color_system=None
    )
    with view.resources(console, "Deploying") as tree:
        for step in STEPS:
            tree.take(step)
    assert tree.summary() == "2 created, 1 failed"
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_in_a_pipe_each_ended_resource_is_one_plain_line() -> None:
    lines = shown(terminal=False).splitlines()

    assert [line.strip() for line in lines] == [
        "Deploying",
        "+ gcp:firebase/project:Project viewer-firebase created (0.50 s)",
        "x gcp:firebase/webApp:WebApp viewer-app failed (0.50 s)",
        "+ ViewerSite viewer created (0.50 s)",
    ]


def test_on_a_terminal_the_whole_tree_stands_at_the_end_once() -> None:
    text = shown(terminal=True)

    final = text[text.rindex("Deploying") :].splitlines()
    assert [line.rstrip() for line in final] == [
        "Deploying",
        "└── + ViewerSite viewer created (0.50 s)",
        "    ├── + gcp:firebase/project:Project viewer-firebase created (0.50 s)",
        "    └── x gcp:firebase/webApp:WebApp viewer-app failed (0.50 s)",
    ]


def test_while_it_runs_a_component_is_one_line_with_its_newest_resource() -> None:
    tree = view.ResourceTree("Deploying")
    for step in STEPS[:4]:
        tree.take(step)

    (line,) = tree.progress().children

    assert str(line.label).startswith("· ViewerSite viewer creating  1 resources, + gcp:firebase/project:Project")


def test_an_address_is_never_folded() -> None:
    console = Console(file=io.StringIO(), width=40)

    console.print(view.where_to_look([("Viewer", "http://127.0.0.1:8788/" + "x" * 60)]), soft_wrap=True)

    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().rstrip() == "Viewer  http://127.0.0.1:8788/" + "x" * 60
