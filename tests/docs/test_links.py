"""Every link between our documents leads somewhere, to the heading it names, and every document can be found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("smoke_tests", "jobs/prepare", "benchmarks", "tests/upgrade")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / part / "README.md" for part in PARTS)])


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> list[str]:
    """To files and headings of ours."""
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()) if not re.match(r"https?:|mailto:", link)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_its_links_lead_somewhere(page: Path) -> None:
    broken: list[str] = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


def test_every_page_can_be_found_from_the_readme() -> None:
    """Straight, or in a folder that it names."""
    named = {(ROOT / link.partition("#")[0]).resolve() for link in links(ROOT / "README.md")}
    lost = [str(page.relative_to(ROOT)) for page in PAGES if not {page, page.parent} & named - {ROOT}]
    assert [page for page in lost if page not in ("README.md", "tests/upgrade/README.md")] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_its_tests_exist(page: Path) -> None:
    named = re.findall(r"(tests/[\w/]+\.py)::(\w+)", page.read_text())
    missing = [test for path, test in named if f"def {test}(" not in (ROOT / path).read_text()]
    assert missing == []
