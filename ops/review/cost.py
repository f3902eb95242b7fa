"""What a stack costs a month, from its declared resources, list prices and stated assumptions about its use.

    python -m ops cost --stack STACK [--studies N] [--plot FILE]

Owns: the sums and their words. How a resource's use is counted is `cost_models`; prices and assumptions are data
(`prices.json`), each with where it is from. Deliberately not: a bill.
Free amounts, discounts and taxes are left out, and what has no known price is listed as such, not guessed.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ops.collector import collector_paused
from ops.cost_plot import svg
from ops.review.cost_models import (
    LEAST_DAYS,
    MODELS,
    PricedStack,
    Usage,
    is_free,
    moved_images,
    scheduled_starts,
    viewed_store,
)
from ops.review.graph import CANNOT_RUN, declare_graph, resources_of
from ops.review.plan import UNKNOWN, Unreadable, is_masked
from ops.review.words import decimal
from policy.resource import Resource

PARTS: Mapping[str, Sequence[str]] = {
    "raw store": ("archive-raw",),
    "viewers' store, and what they read": ("archive-viewer",),
    "study job": ("jobs-job", "jobs-schedule", "jobs-sweep", "jobs-workflow"),
    "audit logs": ("audit-bucket",),
}
"""Of the picture: resources by name."""


@dataclass(frozen=True)
class Line:
    """One amount of one resource."""

    resource: str
    what: str
    price: str
    quantity: float
    usd: float


@dataclass(frozen=True)
class Estimate:
    lines: tuple[Line, ...]
    unknown: tuple[str, ...]
    """Resources whose type has no price here."""
    open: tuple[str, ...] = ()
    """Names of resources of which a plan does not tell yet what their cost depends on."""

    @property
    def total(self) -> float:
        return sum(line.usd for line in self.lines)

    def by_resource(self) -> dict[str, float]:
        sums: dict[str, float] = {}
        for line in self.lines:
            sums[line.resource] = sums.get(line.resource, 0) + line.usd
        return sums


@cache
def table() -> dict[str, Any]:
    return json.loads(Path(__file__).with_name("prices.json").read_text(encoding="utf-8"))


def usage(**changes: float) -> dict[str, float]:
    """The assumptions, with some of them changed. `ValueError` for one that there is not, or less than nothing."""
    assumed = {name: entry["value"] for name, entry in table()["usage"].items()}
    if strange := set(changes) - set(assumed):
        raise ValueError(f"no such assumption: {', '.join(sorted(strange))}; there are {', '.join(assumed)}")
    if wrong := sorted(name for name, value in changes.items() if not 0 <= value < math.inf):
        raise ValueError(f"{', '.join(wrong)} must be a number of 0 or more")
    return assumed | changes


def estimate(resources: Sequence[Resource], use: Usage, storage_class: str = "") -> Estimate:
    """The lines of every resource that has a price, in the order of declaration.

    `storage_class` is where raw images are moved to, in place of what the job is told.
    """
    lines: list[Line] = []
    unknown: list[str] = []
    unfinished: list[str] = []
    stack = PricedStack(
        use,
        viewed_store(resources),
        scheduled_starts(resources),
        moved_images(resources, storage_class),
        scheduled_starts(resources, ":export"),
        scheduled_starts(resources, sweeps=True),
    )
    for resource in resources:
        model = MODELS.get(resource.type)
        if model is None:
            if resource.type.startswith("gcp:") and not is_free(resource.type):
                unknown.append(f"{resource.name} ({resource.type.rpartition(':')[2]})")
            continue
        try:
            amounts = list(model(resource, stack))
        except (AttributeError, TypeError, ValueError):
            if not has_open_values(resource.properties):
                raise
            unfinished.append(resource.name)
            continue
        for what, key, quantity in amounts:
            price = table()["prices"][key]["usd"]
            lines.append(Line(resource.name, what, key, quantity, quantity * price))
    return Estimate(tuple(lines), tuple(unknown), tuple(unfinished))


def has_open_values(inputs: Mapping[str, Any]) -> bool:
    """Whether one of them is a secret, or only known after the deployment."""
    return any(value == UNKNOWN or is_masked(value) for value in inputs.values())


def in_words(estimated: Estimate, use: Usage) -> str:
    """A table a resource, then what was assumed."""
    lines = ["| resource | what for | amount | USD a month |", "| --- | --- | ---: | ---: |"]
    for line in estimated.lines:
        amount = f"{line.quantity:,.0f}" if line.quantity >= 100 else decimal(line.quantity, 3)
        unit = table()["prices"][line.price]["unit" if line.quantity == 1 else "units"]
        lines.append(f"| {line.resource} | {line.what} | {amount} {unit} | {line.usd:,.2f} |")
    lines += [f"| **total** | | | **{estimated.total:,.2f}** |", ""]
    lines += [f"Not priced: {', '.join(estimated.unknown)}.", ""] if estimated.unknown else []
    lines += [f"Only known after the deployment: {', '.join(estimated.open)}.", ""] if estimated.open else []
    often = ", ".join(f"{name} {decimal(times, 3)}" for name, times in break_even_reads().items())
    lines += [
        "What viewers read, such as the deepest level of old slides, is not moved: that would pay where it is read as "
        f"a whole less often in a month than {often} times.",
        "",
    ]
    lines += ["Assumed:", ""]
    lines += [
        f"- {name}: {decimal(use[name])} {entry['unit']} ({mark_measured(entry)}{entry['why']})"
        for name, entry in table()["usage"].items()
    ]
    lines += ["", "Prices:", ""]
    for key in dict.fromkeys(line.price for line in estimated.lines):
        entry = table()["prices"][key]
        lines.append(f"- {key}: USD {decimal(entry['usd'])} per {entry['unit']}, {entry['region']} ({entry['kind']}, "
                     f"{entry['read']}: {entry['source']})")  # fmt: skip
    return "\n".join(lines) + "\n"


def break_even_reads() -> dict[str, float]:
    """By storage class: reads of all bytes in a month at which they cost as much to keep and read as in the standard
    one."""
    usd = {key: float(entry["usd"]) for key, entry in table()["prices"].items()}
    return {
        name: (usd["healthcare.blob"] - usd[f"healthcare.{name}"]) / usd[f"healthcare.retrieval.{name}"]
        for name in LEAST_DAYS
    }


def mark_measured(entry: Mapping[str, Any]) -> str:
    """The mark of an assumption that a measurement has replaced."""
    return f"measured {entry['measured']}: " if "measured" in entry else ""


def picture(resources: Sequence[Resource], use: Usage) -> str:
    """SVG: cost by part, and in all by storage class of the raw images, from 10 to 100,000 studies."""
    studies = [10.0 * 10 ** (step / 4) for step in range(17)]
    costs = [estimate(resources, {**use, "studies": number}).by_resource() for number in studies]
    parts = {name: [sum(cost.get(of, 0.0) for of in names) for cost in costs] for name, names in PARTS.items()}
    others = [sum(one.values()) - sum(part[at] for part in parts.values()) for at, one in enumerate(costs)]
    classes = {
        name: [estimate(resources, {**use, "studies": number}, name).total for number in studies]
        for name in ("standard", *LEAST_DAYS)
    }
    return svg(studies, {"By part": {**parts, "everything else": others}, "By class of the raw images": classes})


def difference(before: Sequence[Resource], after: Sequence[Resource], use: Usage) -> list[tuple[str, float, float]]:
    """Resource, USD a month before and after, of those whose cost is known and changes by a cent or more."""
    was_estimated, is_estimated = estimate(before, use), estimate(after, use)
    old, new = was_estimated.by_resource(), is_estimated.by_resource()
    unfinished = {*was_estimated.open, *is_estimated.open}
    names = [name for name in dict.fromkeys((*new, *old)) if name not in unfinished]
    pairs = [(name, old.get(name, 0.0), new.get(name, 0.0)) for name in names]
    return [(name, was, is_) for name, was, is_ in pairs if abs(is_ - was) >= 0.005]


def assumption(text: str) -> tuple[str, float]:
    """Parses `NAME=NUMBER`. Raises `ValueError`."""
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise ValueError(f"--assume {text}: give it as NAME=NUMBER, such as --assume gib_per_study=3") from None


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m ops cost", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--stack", required=True)
    parser.add_argument("--studies", type=float, default=table()["usage"]["studies"]["value"])
    parser.add_argument("--assume", action="append", default=[], metavar="NAME=NUMBER", help="change an assumption")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw an SVG over 10 to 100,000 studies")
    options = parser.parse_args(arguments)
    try:
        use = usage(**{"studies": options.studies, **dict(assumption(text) for text in options.assume)})
        with collector_paused():
            resources = resources_of(declare_graph(options.stack))
            print(in_words(estimate(resources, use), use), end="")
            if options.plot:
                options.plot.write_text(picture(resources, use), encoding="utf-8")
    except (*CANNOT_RUN, ValueError, Unreadable, OSError) as problem:
        print(f"cost: {problem}", file=sys.stderr)
        return 2
    return 0
