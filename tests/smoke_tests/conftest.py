"""The local cloud with the stack deployed, for as long as this folder's tests run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from localcloud.server import running
from ops.local import up
from smoke_tests.credentials import Credentials, TokenSource
from smoke_tests.dicomweb import DicomWeb
from smoke_tests.http import Http
from smoke_tests.janitor import sweep
from smoke_tests.target import Limits, SmokeTarget, from_outputs
from tests.clock import SETTLED, new_project

NO_VIEWER = {"viewer": "these tests are about the store", "browser": "these tests are about the store"}
SHORT = Limits(found=0.4, deleted=2, job=60, granted=5, announced=5, audited=2)


@dataclass(frozen=True)
class Platform:
    """A deployed stack: its outputs, and tokens of any of its identities."""

    outputs: dict[str, Any]
    token: TokenSource
    file: Path
    """The outputs as `--outputs` takes them."""

    def target(self, root: str = "", **changes: Any) -> SmokeTarget:
        """The stack without its viewer; `root` stands in for the smoke store's."""
        made = from_outputs(self.outputs, NO_VIEWER)
        values = {"dicomweb_root": root or made.dicomweb_root, "limits": SHORT, **changes}
        return SmokeTarget(**{**made.__dict__, **values})


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("local-cloud")
    with running(new_project(folder)) as parts:
        outputs = up.deploy(Console(quiet=True), parts, up.stack_config()).outputs
        parts.cloud.sleep(SETTLED)
        file = folder / "outputs.json"
        file.write_text(json.dumps(outputs))
        yield Platform(outputs, parts.cloud.iam.token, file)


@pytest.fixture
def platform(cloud: Platform) -> Iterator[Platform]:
    """The same stack for all; whatever a test leaves in the smoke store is gone before the next."""
    yield cloud
    target = cloud.target()
    store = DicomWeb(Http(), target.dicomweb_root, Credentials(cloud.token), target.writer)
    assert sweep(store, older_than=timedelta(), now=datetime.now(UTC) + timedelta(days=1)).problems == []
