"""The whole chain over slides that are changed at random: the right picture, or none and a true sentence.

SEEDS="3 77" runs those cases; SLOW=1 five thousand; FIRST=1000 COUNT=60 some of them.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from prepare.model.metadata import WHOLE_SLIDE

from tests.browser import chain
from tests.browser.chain import Chain
from tests.browser.conftest import SIZE
from tests.browser.reader import Reader
from tests.jobs.chain.cases import ChainCase, chain_case

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]
FOUND = Path(__file__).with_name("chain_seeds.json")
"""Numbers of cases that found something once, with what it was: they run always."""
COUNT = 5000 if os.environ.get("SLOW") == "1" else int(os.environ.get("COUNT", "60"))
FIRST = int(os.environ.get("FIRST", "0"))
READY = ("ready", "ready_degraded")


def numbers() -> list[int]:
    if "SEEDS" in os.environ:
        return list(map(int, os.environ["SEEDS"].split()))
    kept = [int(number) for number in json.loads(FOUND.read_text())["cases"]]
    return sorted({*kept, *range(FIRST, FIRST + COUNT - len(kept))})


@pytest.fixture(scope="module")
def cases() -> dict[int, ChainCase]:
    """Drawn when they are asked for: a slide takes some hundredths of a second, and there may be thousands."""
    return {number: chain_case(number) for number in numbers()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with chain.chain(tmp_path_factory.mktemp("chain")) as one:
        yield one


@pytest.fixture(scope="module")
def reports(made: Chain, cases: dict[int, ChainCase]) -> dict[str, list[dict[str, Any]]]:
    """By study, of the last run that had something to say of it."""
    for case in cases.values():
        chain.send(made, case.slide)
    told = chain.prepare(made, [case.slide.study for case in cases.values()])
    changed = [case for case in cases.values() if case.later != "nothing"]
    for case in changed:
        chain.happen(made, case)
    if changed:
        told |= chain.prepare(made, [case.slide.study for case in changed])
    return told


@pytest.fixture(scope="module")
def reader(chromium: Browser, made: Chain) -> Iterator[Reader]:
    with contextlib.closing(chromium.new_context(viewport=SIZE, reduced_motion="reduce")) as context:
        page = context.new_page()
        page.add_init_script(chain.HOOK)
        person = Reader(page, made.viewers)
        person.sign_in()
        yield person


@pytest.mark.parametrize("number", numbers())
def test_a_slide_is_shown_as_it_was_drawn_or_not_at_all(
    made: Chain, cases: dict[int, ChainCase], reports: dict[str, list[dict[str, Any]]], reader: Reader, number: int
) -> None:
    case = cases[number]
    shown = case.again or case.slide
    told = reports.get(shown.study, [])
    wrong = _wrong(made, case, told, reader)
    assert not wrong, "\n".join([str(case), *wrong, *(f"{one['status']}: {chain.sentences(one)}" for one in told)])


def _wrong(made: Chain, case: ChainCase, told: list[dict[str, Any]], reader: Reader) -> list[str]:
    shown = case.again or case.slide
    instances = chain.instances(made, shown.study)
    if case.later == "study deleted":
        return [f"viewers have {len(instances)} instances of what was deleted"] if instances else []
    wrong: list[str] = []
    for one in told:
        own = [item for item in instances if item["0020000E"]["Value"] == [one["series"]]]
        if one["status"] in READY or (one["status"] == "unchanged" and one["report"]["status"] in READY):
            if own and not any(item["00080016"]["Value"] == [WHOLE_SLIDE] for item in own):
                continue  # no slide, so it passes as it is and the page shows nothing of it
            sizes = _sizes(instances)
            if one["series"] == shown.series and own:
                wrong += chain.what_is_wrong(reader, shown, shown.study, one["series"], sizes)
            elif one["series"] == shown.series:
                wrong.append("it is ready, and viewers have nothing of it")
            continue
        if own:
            wrong.append(f"series {one['series']} is {one['status']}, and viewers have {len(own)} instances of it")
        said = chain.sentences(one)
        words = case.words if case.again is None else {"patient", "picture"}
        if not chain.instances(made, shown.study, "raw"):  # which refused all of it
            words = {"is not in"}
        if one["status"] != "withdrawn" and not any(word in said for word in words):
            wrong.append(f"no sentence has a word of {sorted(words)}")
        if "defect of the job" in said or "run again" in said or "unexpected" in said:
            wrong.append("a fault of the data is told as another")
    return wrong


def _sizes(instances: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return [
        (item["00480006"]["Value"][0], item["00480007"]["Value"][0])
        for item in instances
        if item["00080016"]["Value"] == [WHOLE_SLIDE]
        and item.get("00080008", {}).get("Value", ["", "", ""])[2:3] in (["VOLUME"], ["THUMBNAIL"])
    ]
