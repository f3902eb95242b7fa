"""The readiness rules: small pure functions from a slide's metadata to findings; severities, limits and words are data.

`rules.json` is the table (the viewer's page reads the same file). The functions here are R01, R03, R07 and R09.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Literal

from .metadata import Image
from .slide import Level, Slide, pyramids

Severity = Literal["BLOCK", "WRONG", "SLOW"]
Status = Literal["ready", "ready_degraded", "blocked", "failed"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a slide, in a sentence for people and a rule id for machines."""

    rule: str
    severity: Severity
    remedy: str
    """What mends it: `add_levels` (adding images suffices), `repair` (needs a repaired copy)."""
    sentence: str
    instances: tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """One row of the table."""

    id: str
    severity: Severity
    remedy: str
    parameters: Mapping[str, float]
    sentences: Mapping[str, str]

    def finding(
        self, sentence: str, images: Iterable[Image], severity: Severity | None = None, **words: Any
    ) -> Finding:
        concerned = tuple(sorted(image.instance for image in images))
        return Finding(
            rule=self.id,
            severity=severity or self.severity,
            remedy=self.remedy,
            sentence=self.sentences[sentence].format(count=len(concerned), **words),
            instances=concerned,
        )


@cache
def table() -> dict[str, Any]:
    """`rules.json` as it is."""
    return json.loads(files("prepare").joinpath("rules.json").read_text("utf-8"))


def rules() -> list[Rule]:
    return [Rule(**{key: row[key] for key in Rule.__dataclass_fields__}) for row in table()["rules"]]


def findings(slide: Slide) -> list[Finding]:
    """All findings about images of the slide's own series, worst first."""
    own = {image.instance for image in slide.own}
    found = [finding for rule in rules() for finding in CHECKS[rule.id](slide, rule) if own & set(finding.instances)]
    order = list(table()["severities"])
    return sorted(found, key=lambda finding: (order.index(finding.severity), finding.rule, finding.instances))


def status(found: Iterable[Finding]) -> Status:
    severities = {finding.severity for finding in found}
    if severities & {"BLOCK", "WRONG"}:
        return "blocked"
    return "ready_degraded" if severities else "ready"


def frames_have_places(slide: Slide, rule: Rule) -> list[Finding]:
    """R01. The engine takes anything but TILED_FULL for sparse, and then needs the per-frame sequence."""
    sparse = [image for image in slide.own if image.organization != "TILED_FULL"]
    missing = [image for image in sparse if not image.per_frame_items]
    found = [rule.finding("missing", missing)] if missing else []
    large = [image for image in sparse if (image.per_frame_items or 0) > rule.parameters["slow_frames"]]
    if large:
        items = sum(image.per_frame_items or 0 for image in large)
        found.append(rule.finding("large", large, "SLOW", items=items))
    return found


def one_image_per_size(slide: Slide, rule: Rule) -> list[Finding]:
    """R03. Equal sizes are right for different optical paths and for the parts of one concatenation.

    The engine compares no focal planes, so planes stored as separate instances stop it too.
    """
    found: list[Finding] = []
    for path, levels in pyramids(slide.images).items():
        for level in levels:
            if len(level.images) == 1 or _one_concatenation(level):
                continue
            series = len({image.series for image in level.images})
            columns, rows = level.size
            sentence = "twin_series" if series > 1 else "same_size"
            found.append(
                rule.finding(sentence, level.images, columns=columns, rows=rows, path=path or "(none)", series=series)
            )
    return _first_of_each(found)


def _one_concatenation(level: Level) -> bool:
    sources = {image.concatenation_source for image in level.images}
    return len(sources) == 1 and "" not in sources


def tiles_decode(slide: Slide, rule: Rule) -> list[Finding]:
    """R07. Judged by what the probe frames are, as the engine itself does."""
    codestreams: dict[str, dict[str, Any]] = table()["codestreams"]
    found: list[Finding] = []
    by_coding: dict[str, list[Image]] = {}
    for image in slide.own:
        if probe := slide.probes.get(image.instance):
            by_coding.setdefault(probe.codestream, []).append(image)
    for coding, images in sorted(by_coding.items()):
        row = codestreams.get(coding)
        if row is None:
            found.append(rule.finding("unreadable", images))
        elif not row["decodes"]:
            decodable = ", ".join(other["title"] for other in codestreams.values() if other["decodes"])
            words = {"coding": row["title"], "consequence": row["consequence"], "decodable": decodable}
            found.append(rule.finding("undecodable", images, row["severity"], **words))
    return found


def pyramid_is_complete(slide: Slide, rule: Rule) -> list[Finding]:
    """R09. The coarsest level is small, and no step between neighbouring levels is too wide."""
    found: list[Finding] = []
    limit = rule.parameters["largest_ratio"] * (1 + rule.parameters["ratio_tolerance"])
    for levels in pyramids(slide.images).values():
        coarsest = levels[-1]
        if coarsest.tiles > rule.parameters["coarsest_tiles"]:
            columns, rows = coarsest.size
            found.append(rule.finding("coarsest", coarsest.images, tiles=coarsest.tiles, columns=columns, rows=rows))
        for finer, coarser in pairwise(levels):
            if finer.size[0] > limit * max(coarser.size[0], 1):
                images = (*finer.images, *coarser.images)
                found.append(rule.finding("ratio", images, finer=finer.size[0], coarser=coarser.size[0]))
    return _first_of_each(found)


def _first_of_each(found: list[Finding]) -> list[Finding]:
    """An image with several optical paths would be reported once for each."""
    return list({finding.instances: finding for finding in reversed(found)}.values())[::-1]


CHECKS: Mapping[str, Callable[[Slide, Rule], list[Finding]]] = {
    "R01": frames_have_places,
    "R03": one_image_per_size,
    "R07": tiles_decode,
    "R09": pyramid_is_complete,
}
