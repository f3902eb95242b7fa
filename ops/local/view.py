"""What `make up` shows: a tree of resources while they are made, a table of where to look at the end.

On a terminal one line a component shows how far it is, and the whole tree follows; elsewhere each resource is one line.
Knows nothing of the engine but its events.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Protocol, cast

from rich.console import Console
from rich.live import Live
from rich.text import Text
from rich.tree import Tree

MARKS = {"creating": ("·", "yellow"), "created": ("+", "green"), "same": ("=", "dim"), "failed": ("x", "red")}


class ResourceEvent(Protocol):
    """One step in the life of a resource (`engine.Event`)."""

    @property
    def urn(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def parent(self) -> str: ...
    @property
    def phase(self) -> str: ...
    @property
    def seconds(self) -> float: ...


def label(event: ResourceEvent) -> Text:
    mark, colour = MARKS[event.phase]
    took = f" {event.phase} ({event.seconds:.2f} s)" if event.phase != "creating" else " creating"
    short = event.type.replace("dicom-platform:components:", "")
    return Text.assemble(
        (f"{mark} ", colour), (short, "bold" if "/" not in short else ""), " ", event.name, (took, "dim")
    )


class ResourceTree:
    """Collects events into a tree of `Text` labels, parent before child."""

    def __init__(self, title: str) -> None:
        self.root = Tree(Text(title, style="bold"), guide_style="dim")
        self.nodes: dict[str, Tree] = {}
        self.counts: dict[str, int] = {}

    def take(self, event: ResourceEvent) -> None:
        if event.type == "pulumi:pulumi:Stack":
            self.nodes[event.urn] = self.root
            return
        node = self.nodes.get(event.urn)
        if node is None:
            node = self.nodes[event.urn] = self.nodes.get(event.parent, self.root).add(label(event))
        node.label = label(event)
        if event.phase != "creating":
            self.counts[event.phase] = self.counts.get(event.phase, 0) + 1

    def progress(self) -> Tree:
        """One line a component, cut at the terminal's edge: how many of its resources there are, and the newest."""
        tree = Tree(self.root.label, guide_style="dim")
        for node in self.root.children:
            line = Text.assemble(cast(Text, node.label))
            if node.children:
                newest = cast(Text, node.children[-1].label)
                line.append(f"  {len(node.children)} resources, ", style="dim").append_text(newest)
            line.no_wrap, line.overflow = True, "ellipsis"
            tree.add(line)
        return tree

    def summary(self) -> str:
        return ", ".join(f"{count} {phase}" for phase, count in sorted(self.counts.items())) or "nothing"


@contextlib.contextmanager
def resources(console: Console, title: str) -> Generator[ResourceTree]:
    """A tree to `take` events with; drawn in place on a terminal, line by line elsewhere."""
    tree = ResourceTree(title)
    if console.is_terminal and not console.is_dumb_terminal:
        with Live(console=console, get_renderable=tree.progress, refresh_per_second=8, transient=True):
            yield tree
        console.print(tree.root)
        return
    console.print(title)
    collect = tree.take

    def show(event: ResourceEvent) -> None:
        collect(event)
        if event.phase != "creating" and event.type != "pulumi:pulumi:Stack":
            console.print("  ", label(event), soft_wrap=True)

    tree.take = show
    yield tree


def where_to_look(rows: list[tuple[str, str]]) -> Text:
    """Two columns that never fold: an address must survive being copied."""
    width = max(len(name) for name, _ in rows)
    lines = [Text.assemble((name.ljust(width), "bold"), "  ", value) for name, value in rows]
    return Text("\n").join(lines)
