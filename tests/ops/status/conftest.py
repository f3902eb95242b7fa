"""What the tests of `ops status` share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.cloud import Cloud
from localcloud.server import running
from tests.ops.status.bucket import Bucket


@pytest.fixture
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    cloud = Cloud(data=tmp_path_factory.mktemp("cloud"))
    with running(cloud):
        yield Bucket(cloud)
