"""Guards, delivery and stack files have owners of their own, and no line of CODEOWNERS leads nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINES = [
    line.split() for line in (ROOT / ".github" / "CODEOWNERS").read_text().splitlines() if line and line[0] not in "#"
]


def owners(path: str) -> list[str]:
    """Of a file, as GitHub decides: the last line that fits."""
    fitting = [
        who
        for pattern, *who in LINES
        if pattern == "*"
        or (pattern.endswith("/") and f"/{path}".startswith(pattern))
        or Path(f"/{path}").match(pattern)
    ]
    return fitting[-1]


@pytest.mark.parametrize("pattern", [line[0] for line in LINES if line[0] != "*"])
def test_what_is_owned_exists(pattern: str) -> None:
    assert list(ROOT.glob(pattern.strip("/")))


@pytest.mark.parametrize(
    ("path", "team"),
    [
        ("policy/exceptions.yaml", "guards"),
        ("policy/rules/grants.py", "guards"),
        ("ops/review/cli.py", "guards"),
        ("tests/ops/review/least_privilege/prod.json", "guards"),
        (".github/workflows/preview.yaml", "delivery"),
        (".github/CODEOWNERS", "delivery"),
        ("delivery/deploy.yaml", "delivery"),
        ("ops/deliver/steps.py", "delivery"),
        ("requirements/run.txt", "delivery"),
        ("Pulumi.prod.yaml", "data-owners"),
        ("Pulumi.yaml", "data-owners"),
        ("README.md", "platform"),
    ],
)
def test_who_must_agree(path: str, team: str) -> None:
    assert owners(path) == [f"@my-lab/{team}"]
