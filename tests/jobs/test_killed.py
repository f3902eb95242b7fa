"""The job killed in the middle of a backlog, or asked to end: the next run goes on, and nothing is there twice."""

from __future__ import annotations

import base64
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prepare.execution.copying import IN_FLIGHT

from localcloud.cloud import Cloud
from tests.e2e.tiles import TILES
from tests.e2e.tiles_slide import write_slide
from tests.jobs.conftest import DATASET, SUBSCRIPTION, TOPIC, as_principal
from tests.jobs.copying_support import SERIES, Stores, file_of
from tests.jobs.faults import Faults, Proxy, spoiling

SLOW = bool(os.environ.get("SLOW"))
KILLS, STUDIES, EACH = (100, 50, 10) if SLOW else (12, 6, 10)
JPEG = next(tile for tile in TILES if tile.coding == "jpeg-baseline" and tile.photometric == "YBR_FULL")
KILLED = -signal.SIGKILL
PATIENCE = 120
"""Seconds; a lease is ten."""


class Jobs:
    """Runs of the job through a proxy, against the backlog."""

    def __init__(self, stores: Stores, proxy: Proxy, target: str) -> None:
        self.proxy = proxy
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "GOOGLE_APPLICATION_CREDENTIALS": str(stores.cloud.iam.credentials_file),
            "DICOMWEB_ROOT": stores.root("raw", proxy.port),
            "VIEWER_DICOMWEB_ROOT": stores.root(target, proxy.port),
            "RECORDS_BUCKET": "records",
            "STAGED_BUCKET": "staged",
            "BACKLOG_SUBSCRIPTION": SUBSCRIPTION,
            "STORAGE_ENDPOINT": f"http://127.0.0.1:{proxy.port}/storage.googleapis.com/",
            "PUBSUB_ENDPOINT": f"http://127.0.0.1:{proxy.port}/pubsub.googleapis.com/",
            "QUIET_SECONDS": "0",
            "NO_PROXY": "*",
        }
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("forking_job.py"))],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, end_at: int | None = None, by: signal.Signals = signal.SIGKILL) -> int:
        """Exit status of one run, which gets a signal when its `end_at`-th exchange begins."""
        faults = self.proxy.faults
        begun, pids = len(faults.seen), list[int]()

        def watch(line: str) -> bool:
            if end_at is not None and pids and len(faults.seen) - begun >= end_at:
                os.kill(pids.pop(), by)
            return False

        faults.wants, faults.share = watch, 1.0
        assert self._process.stdin
        print(json.dumps(list(arguments)), file=self._process.stdin, flush=True)
        pids.append(self._line())
        return self._line()

    def _line(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=30)


@pytest.fixture(scope="module")
def stores(cloud: Cloud) -> Stores:
    return Stores(cloud)


@pytest.fixture
def jobs(stores: Stores, request: pytest.FixtureRequest) -> Iterator[Jobs]:
    target = stores.make(target_of(request))
    with spoiling(stores.port) as proxy:
        proxy.faults = Faults()
        jobs = Jobs(stores, proxy, target)
        yield jobs
        jobs.close()


def target_of(request: pytest.FixtureRequest) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", request.node.name)[-60:].strip("-")


def arrive(stores: Stores, study: str, times: int = 1, each: int = EACH) -> dict[str, bytes]:
    """Stores one study in `raw` and sends its notifications, one an instance, `times` over."""
    numbers = range(each)
    files = {f"{SERIES}.{one}": file_of(one, study, Modality="OT", SOPClassUID="1.2.3") for one in numbers}
    owner = as_principal(stores.cloud, stores.cloud.iam.owner)
    messages: list[dict[str, str]] = []
    for instance, file in files.items():
        stores.put("raw", file)
        name = f"{DATASET}/dicomStores/raw/dicomWeb/studies/{study}/series/{SERIES}/instances/{instance}"
        messages.append({"data": base64.b64encode(name.encode()).decode()})
    url = f"{stores.cloud.endpoint('pubsub.googleapis.com')}v1/{TOPIC}:publish"
    assert owner.post(url, json={"messages": messages * times}, timeout=30).ok
    return files


def posts(proxy: Proxy) -> int:
    return len([line for line in proxy.faults.seen if line.startswith("POST /healthcare")])


def test_a_backlog_survives_sigkill_at_any_point(stores: Stores, jobs: Jobs, request: pytest.FixtureRequest) -> None:
    files = {f"1.2.826.9.{number}": arrive(stores, f"1.2.826.9.{number}") for number in range(STUDIES)}
    rng = random.Random(20261122)
    ends = [jobs.run(end_at=rng.randrange(1, 5 * EACH * STUDIES // KILLS)) for _ in range(KILLS)]
    assert ends.count(KILLED) >= KILLS // 2, ends
    until = time.monotonic() + PATIENCE  # what a killed run had pulled comes again when its lease is over
    while missing := [study for study, wanted in files.items() if stores.files(target_of(request), study) != wanted]:
        assert time.monotonic() < until, missing
        assert jobs.run() == 0
    assert posts(jobs.proxy) <= STUDIES * EACH + ends.count(KILLED) * IN_FLIGHT


def test_sigterm_ends_a_run_that_the_next_one_continues(
    stores: Stores, jobs: Jobs, request: pytest.FixtureRequest
) -> None:
    wanted = arrive(stores, "1.2.826.10")
    assert jobs.run(end_at=2 * EACH, by=signal.SIGTERM) == 143
    assert jobs.run() == 0
    assert stores.files(target_of(request), "1.2.826.10") == wanted
    assert posts(jobs.proxy) <= EACH + IN_FLIGHT


def test_the_same_event_ten_times_ends_as_one(stores: Stores, jobs: Jobs, request: pytest.FixtureRequest) -> None:
    wanted = arrive(stores, "1.2.826.11", times=10)
    assert jobs.run() == 0
    assert jobs.run() == 0
    assert stores.files(target_of(request), "1.2.826.11") == wanted
    assert posts(jobs.proxy) == EACH


def test_two_runs_at_once_end_as_one(stores: Stores, jobs: Jobs, request: pytest.FixtureRequest) -> None:
    wanted = arrive(stores, "1.2.826.13")
    other = Jobs(stores, jobs.proxy, target_of(request))
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda one: one.run("--study", "1.2.826.13"), (jobs, other))) == [0, 0]
    other.close()
    assert stores.files(target_of(request), "1.2.826.13") == wanted


def test_levels_are_the_same_bytes_however_often_the_run_was_killed(
    stores: Stores, jobs: Jobs, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    (base,) = write_slide(tmp_path, JPEG, across=(8,), key="killed levels")
    stores.put("raw", base.path.read_bytes())
    undisturbed = stores.make("undisturbed")
    whole = Jobs(stores, jobs.proxy, undisturbed)
    assert whole.run("--study", base.study) == 0
    whole.close()
    ends = [jobs.run("--study", base.study, end_at=at) for at in (6, 12, 18, 24, 30)]
    assert KILLED in ends
    assert jobs.run("--study", base.study) == 0
    result = stores.files(target_of(request), base.study)
    assert len(result) == 4
    assert result == stores.files(undisturbed, base.study)


def test_an_unchanged_study_costs_three_requests(stores: Stores, jobs: Jobs) -> None:
    arrive(stores, "1.2.826.12")
    assert jobs.run("--study", "1.2.826.12") == 0
    jobs.proxy.faults = Faults()
    assert jobs.run("--study", "1.2.826.12") == 0
    assert len(jobs.proxy.faults.seen) == 3, "\n".join(jobs.proxy.faults.seen)


def replace_study(stores: Stores, study: str, version: int) -> dict[str, bytes]:
    """Deletes the study in `raw` and stores another under the same UIDs; returns its files."""
    owner = as_principal(stores.cloud, stores.cloud.iam.owner)
    answer = owner.delete(f"{stores.root('raw')}/studies/{study}", timeout=30)
    operation = f"{stores.cloud.endpoint('healthcare.googleapis.com')}v1/{answer.json().get('name', '')}"
    while answer.ok and not owner.get(operation, timeout=10).json().get("done"):
        time.sleep(0.01)
    files = {
        f"{SERIES}.{one}": file_of(one, study, Modality="OT", SOPClassUID="1.2.3", PatientName=f"Version^{version}")
        for one in range(EACH)
    }
    for file in files.values():
        stores.put("raw", file)
    return files


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_a_replacement_that_is_killed_at_any_step_leaves_old_or_new_and_never_both(
    stores: Stores, jobs: Jobs, request: pytest.FixtureRequest, by: signal.Signals
) -> None:
    study = "1.2.826.14" if by == signal.SIGKILL else "1.2.826.15"
    new = replace_study(stores, study, 0)
    begun = len(jobs.proxy.faults.seen)
    assert jobs.run("--study", study) == 0
    steps = len(jobs.proxy.faults.seen) - begun + 12  # the withdrawal comes on top
    ended = 0
    for number, at in enumerate(range(1, steps, 1 if SLOW else 4), 1):
        old, new = new, replace_study(stores, study, number)
        ended += jobs.run("--study", study, end_at=at, by=by) != 0
        shown = stores.files(target_of(request), study)
        # Until it is gone the old one is whole; of the new one a part may be there, which the next run completes.
        assert shown == old or shown.items() <= new.items(), (at, sorted(shown))
        assert jobs.run("--study", study) == 0
        assert stores.files(target_of(request), study) == new, at
    assert ended >= steps // (2 if SLOW else 8)


def test_a_deletion_that_is_killed_at_any_step_is_gone_on_with(
    stores: Stores, jobs: Jobs, request: pytest.FixtureRequest
) -> None:
    study, owner = "1.2.826.16", as_principal(stores.cloud, stores.cloud.iam.owner)
    for number, at in enumerate(range(1, 24, 1 if SLOW else 3)):
        old = replace_study(stores, study, number)
        assert jobs.run("--study", study) == 0
        assert owner.delete(f"{stores.root('raw')}/studies/{study}", timeout=30).ok
        jobs.run("--study", study, end_at=at)
        shown = stores.files(target_of(request), study)
        assert shown in (old, {}), at
        jobs.run("--study", study)  # what was whole before it was killed is asked for by a wrong UID now
        assert stores.files(target_of(request), study) == {}, at
