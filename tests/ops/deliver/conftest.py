from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import nginx_server
from tests.ops.deliver.deliveries import Deliveries, deliveries_in
from tests.ops.deliver.place import Place, place


@pytest.fixture
def delivered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A checkout of its own with the local stack deployed, whose job's image belongs to Cloud Build."""
    with place(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def on_cloud_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """The same with the viewer on Cloud Run, before anybody has built its image."""
    nginx_server.nginx()
    with place(tmp_path, monkeypatch, {"dicom-platform:viewerHost": "cloud_run"}) as made:
        yield made


@pytest.fixture
def deliveries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deliveries]:
    with deliveries_in(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def with_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deliveries]:
    """The viewer is served by Cloud Run."""
    with deliveries_in(tmp_path, monkeypatch, viewerHost="cloud_run") as made:
        yield made
