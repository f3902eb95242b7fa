"""Findings, and the table of rules they come from (`rules.json`, which the viewer's page reads, too)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from .image import SlideImage

Severity = Literal["BLOCK", "WRONG", "SLOW", "PHI", "WARN"]
Remedy = Literal["add_levels", "repair", "withhold", "none"]


@dataclass(frozen=True)
class SlideFinding:
    """One thing that is wrong with a slide, in a sentence for people and a rule id for machines."""

    rule: str
    severity: Severity
    remedy: Remedy
    """What mends it, as far as the rule alone can tell; the plan says what is done."""
    sentence: str
    instances: tuple[str, ...]
    problem: str = ""
    """Which of the rule's problems: the key of its sentence in the table."""


@dataclass(frozen=True)
class ReadinessRule:
    """One row of the table."""

    id: str
    severity: Severity
    remedy: Remedy
    parameters: Mapping[str, float]
    sentences: Mapping[str, str]

    def finding(
        self,
        problem: str,
        images: Iterable[SlideImage],
        severity: Severity | None = None,
        remedy: Remedy | None = None,
        **words: Any,
    ) -> SlideFinding:
        """A finding about `images`; severity and remedy are the rule's unless this problem differs."""
        return self.about(problem, (image.instance for image in images), severity, remedy, **words)

    def about(
        self,
        problem: str,
        instances: Iterable[str],
        severity: Severity | None = None,
        remedy: Remedy | None = None,
        **words: Any,
    ) -> SlideFinding:
        concerned = tuple(sorted(set(instances)))
        return SlideFinding(
            rule=self.id,
            severity=severity or self.severity,
            remedy=remedy or self.remedy,
            sentence=self.sentences[problem].format(count=len(concerned), **words),
            instances=concerned,
            problem=problem,
        )


@cache
def table() -> dict[str, Any]:
    """`rules.json` as it is."""
    return json.loads(files("prepare.model").joinpath("rules.json").read_text("utf-8"))


def rules() -> list[ReadinessRule]:
    return [ReadinessRule(**{key: row[key] for key in ReadinessRule.__dataclass_fields__}) for row in table()["rules"]]


def rule(identifier: str) -> ReadinessRule:
    return next(row for row in rules() if row.id == identifier)
