"""A served local cloud on a free port, with everything in it but a deployed stack."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.assemble import Parts
from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.server import running
from tests.localcloud.services.client import Api, Clock
from tests.localcloud.services.runner_jobs import Jobs, Until


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def parts(tmp_path: Path, clock: Clock) -> Iterator[Parts]:
    with running(Cloud(data=tmp_path / "data", clock=clock, awkward=WITHOUT_WAITING)) as parts:
        yield parts


@pytest.fixture
def api(parts: Parts) -> Api:
    return Api(parts)


@pytest.fixture
def until() -> Until:
    """Poll until a function's value is true, and return it; fails after 20 seconds."""

    def wait(probe: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + 20
        while not (value := probe()):
            assert time.monotonic() < deadline, "it did not happen within 20 seconds"
            time.sleep(0.02)
        return value

    return wait


@pytest.fixture
def jobs(api: Api, tmp_path: Path, until: Until) -> Jobs:
    return Jobs(api, tmp_path, until)
