"""Levels that are made, tiled in full or coded anew, with every fault on the way, run after run.

Viewers never have anything but what an undisturbed run gives them, and no report says ready before they have all of it.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from prepare.backlog.records import Records
from prepare.backlog.staging import BucketStage
from prepare.dicomweb.store import DicomStore
from prepare.errors import SeriesFailed
from prepare.execution.copying import Deliverer
from prepare.execution.executor import Executor
from prepare.execution.making import InstanceMaker
from prepare.execution.preparation import Preparation
from prepare.execution.runner import JobRunner
from prepare.http.retry import Repeater, RetryingAdapter, RetryPolicy, Traffic
from prepare.log import Log
from prepare.pixels import staged
from prepare.pixels.frames import FrameReader
from prepare.planning.planner import Options
from prepare.settings import load
from requests.adapters import HTTPAdapter

from localcloud.cloud import Cloud
from tests.jobs.conftest import as_principal
from tests.jobs.copying_support import Stores
from tests.jobs.fakes import Time
from tests.jobs.faults import FAULTS, Faults, Proxy, spoiling
from tests.jobs.pixels.slides import JPEG, RLE, colour
from tests.jobs.small_levels import level
from tests.local_objects import object_path

STUDY, SERIES = "2.25.1", "2.25.2"
SLOW = bool(os.environ.get("SLOW"))
SEEDS = 200 if SLOW else 2
"""Of each kind of fault; one takes about two seconds."""
SPOILT_RUNS = 4
"""At most, before one is left undisturbed."""
PATIENT, IMPATIENT = RetryPolicy(), RetryPolicy(deadline_seconds=1.5)
"""The second gives up after a fault or two, so that runs end anywhere."""
numbers = itertools.count()


@dataclass(frozen=True)
class Case:
    """A slide of one file, and whether viewers read the store that it is in, as in the smoke test."""

    name: str
    one_store: bool = False


CASES = (Case("levels"), Case("levels", one_store=True), Case("sparse"), Case("rle"))


@cache
def file_of(name: str) -> bytes:
    made = {
        "levels": lambda: level(colour(JPEG), 256, "2.25.11"),
        "sparse": lambda: level(colour(JPEG), 256, "2.25.12", sparse=True),
        "rle": lambda: level(colour(RLE), 192, "2.25.13"),
    }
    return made[name]().file


@dataclass
class Bench:
    """Where one slide is prepared, as often as asked: stores and a bucket of its own."""

    stores: Stores
    proxy: Proxy
    case: Case
    source: str
    target: str
    bucket: str

    @property
    def report(self) -> dict[str, Any]:
        """As written; empty without one."""
        path = object_path(self.stores.cloud, self.bucket, f"readiness/{STUDY}/{SERIES}.json")
        return json.loads(path.read_text()) if path else {}

    def shown(self) -> dict[str, bytes]:
        return self.stores.files(self.target, STUDY)

    def run(self, policy: RetryPolicy, rng: random.Random) -> str:
        """One execution through the proxy; its status of the series. Only the clock is not the job's own."""
        time, traffic, port = Time(), Traffic(), self.proxy.port
        with as_principal(self.stores.cloud, self.stores.cloud.iam.owner) as session:
            session.trust_env = False
            inner = HTTPAdapter(pool_maxsize=8)
            session.mount("http://", RetryingAdapter(inner, policy, time.clock, jitter=rng.random, traffic=traffic))
            source, target = (DicomStore(self.stores.root(name, port), session) for name in (self.source, self.target))
            endpoint = f"http://127.0.0.1:{port}/storage.googleapis.com/"
            records = Records(self.bucket, endpoint, AnonymousCredentials(), session)
            reader = FrameReader(
                session, source.root, time.clock, policy, in_flight=2, batch_frames=5, jitter=rng.random
            )
            environment = {
                "DICOMWEB_ROOT": source.root,
                "VIEWER_DICOMWEB_ROOT": target.root,
                "RECORDS_BUCKET": self.bucket,
                "STAGED_BUCKET": self.bucket,
            }
            runner = JobRunner(
                Preparation(
                    store=source,
                    records=records,
                    clock=time.clock,
                    traffic=traffic,
                    options=Options(),
                    executor=Executor(
                        source, Deliverer(target, traffic, Repeater(policy, time.clock, rng.random), in_flight=1)
                    ),
                    task_maker=InstanceMaker(source, reader, BucketStage(records)),
                ),
                Log(io.StringIO()),
                time.clock,
                load(["--study", STUDY], environment),
            )
            try:
                runner.prepare_named([STUDY], [])
            except SeriesFailed:
                return "failed"  # the bucket of records would not answer, so the whole run ends
            finally:
                reader.close()
        return next((one.status for one in runner.outcomes if one.series == SERIES), "failed")


@pytest.fixture(scope="module")
def stores(cloud: Cloud) -> Stores:
    return Stores(cloud)


@pytest.fixture(scope="module")
def proxy(stores: Stores) -> Iterator[Proxy]:
    with spoiling(stores.port) as proxy:
        yield proxy


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of these small tiles go through the bucket, as those of a large slide do."""
    monkeypatch.setattr(staged, "OBJECT_BYTES", 4096)


def bench(stores: Stores, proxy: Proxy, case: Case) -> Bench:
    number = next(numbers)
    source = stores.make(f"source-{number}")
    target = source if case.one_store else stores.make(f"viewer-{number}")
    stores.put(source, file_of(case.name))
    owner = as_principal(stores.cloud, stores.cloud.iam.owner)
    buckets = f"{stores.cloud.endpoint('storage.googleapis.com')}storage/v1/b?project=dicom-local"
    assert owner.post(buckets, json={"name": f"records-{number}"}, timeout=10).ok
    return Bench(stores, proxy, case, source, target, f"records-{number}")


@pytest.fixture(scope="module")
def whole(stores: Stores, proxy: Proxy) -> dict[Case, dict[str, bytes]]:
    """What viewers have after a run that nothing disturbs."""
    found: dict[Case, dict[str, bytes]] = {}
    for case in CASES:
        proxy.faults = Faults()
        one = bench(stores, proxy, case)
        assert one.run(PATIENT, random.Random(0)) == "ready", one.report
        found[case] = one.shown()
    return found


def spoilt(one: Bench, whole: dict[str, bytes], kind: str, seed: int) -> list[str]:
    """The status of each run, the last two undisturbed; asserts what is true after every one of them."""
    rng, said = random.Random(f"{kind} {seed}"), list[str]()
    for _ in range(rng.randint(1, SPOILT_RUNS)):
        one.proxy.faults = Faults(kind, share=rng.choice((0.1, 0.3)), seed=rng.randrange(2**32))
        said.append(one.run(rng.choice((PATIENT, IMPATIENT)), rng))
        _stands(one, whole, said)
    for _ in range(2):
        one.proxy.faults = Faults()
        said.append(one.run(PATIENT, rng))
        _stands(one, whole, said)
    return said


def _stands(one: Bench, whole: dict[str, bytes], said: list[str]) -> None:
    shown, ready = one.shown(), "ready" in one.report.get("status", "")
    assert shown.items() <= whole.items(), said
    assert shown == whole or not ready, said
    assert ready or said[-1] == "failed", said


@pytest.mark.slow
@pytest.mark.timeout(3600 if SLOW else 300)
@pytest.mark.parametrize("kind", FAULTS)
def test_whatever_breaks_off_viewers_end_with_the_same_levels(
    stores: Stores, proxy: Proxy, whole: dict[Case, dict[str, bytes]], kind: str
) -> None:
    for seed in range(SEEDS):
        case = CASES[(seed + FAULTS.index(kind)) % len(CASES)]
        one = bench(stores, proxy, case)
        said = spoilt(one, whole[case], kind, seed)
        assert said[-2:] in (["ready", "unchanged"], ["unchanged", "unchanged"]), (kind, seed, said)
        assert one.shown() == whole[case], (kind, seed, said)
        assert not [line for line in proxy.faults.seen if line.startswith("POST")], (kind, seed, "a last run wrote")
        for name in {one.source, one.target}:
            stores.remove(name)
