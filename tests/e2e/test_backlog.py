"""The backlog on the platform: notifications become work items, items become reports, with nobody naming a study."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import PATIENCE, Platform
from tests.e2e.tiles import TILES
from tests.e2e.tiles_slide import Written, write_slide
from tests.local_objects import object_names, object_path

JPEG = next(tile for tile in TILES if tile.coding == "jpeg-baseline" and tile.photometric == "YBR_FULL")


def work_items(platform: Platform) -> list[str]:
    return object_names(platform.cloud, platform.outputs["recordsBucket"], "work/")


@pytest.fixture(scope="module")
def slide(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> list[Written]:
    return platform.prepared(tmp_path_factory.mktemp("backlog"), JPEG, "backlog")


def test_what_was_loaded_is_prepared_without_being_named(platform: Platform, slide: list[Written]) -> None:
    assert platform.report(slide[0].study, slide[0].series)["status"] == "ready"
    assert f"work/{slide[0].study}/{slide[0].series}.json" not in work_items(platform)


def test_a_second_run_leaves_the_report_as_it_is(platform: Platform, slide: list[Written]) -> None:
    before = platform.report(slide[0].study, slide[0].series)
    execution = platform.run_job("--study", slide[0].study)
    assert '"status": "unchanged"' in platform.log(execution)
    assert platform.report(slide[0].study, slide[0].series) == before


def test_loading_alone_starts_the_job(platform: Platform, tmp_path: Path) -> None:
    (level, *_) = write_slide(tmp_path, JPEG, key="event chain")
    assert platform.load(tmp_path) == 0
    name = f"readiness/{level.study}/{level.series}.json"
    end = time.monotonic() + PATIENCE
    while object_path(platform.cloud, platform.outputs["recordsBucket"], name) is None:
        assert time.monotonic() < end, "the event did not lead to a report"
        time.sleep(0.2)
    assert platform.report(level.study, level.series)["status"] == "ready"


def test_a_message_that_is_none_of_ours_stays_for_the_dead_letter(platform: Platform) -> None:
    data = base64.b64encode(b"hello").decode()
    url = f"{platform.outputs['endpoints']['pubsub']}v1/{platform.outputs['topic']}:publish"
    owner = platform.session(platform.cloud.iam.owner)
    assert owner.post(url, json={"messages": [{"data": data}]}, timeout=30).ok
    platform.run_job("--quiet-seconds", "0")
    # The message starts a run of its own, and either of the two may be the one that takes it.
    end = time.monotonic() + PATIENCE
    while not any("left for the dead letter" in log.read_text() for log in platform.logs()):
        assert time.monotonic() < end, "no run told of the message"
        time.sleep(0.2)


def test_an_unknown_study_fails_in_a_sentence(platform: Platform) -> None:
    execution = platform.run_job("--study", "1.2.3.404")
    assert execution["failedCount"] == 1
    assert "study 1.2.3.404 is not in projects/" in platform.log(execution)


def test_a_wrong_setting_fails_in_a_sentence(platform: Platform) -> None:
    execution = platform.run_job("--quiet-seconds", "soon")
    assert execution["failedCount"] == 1
    assert "must be a number of seconds" in platform.log(execution)
