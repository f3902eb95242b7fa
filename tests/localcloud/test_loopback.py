"""No name but the machine's own gets an answer: a page in a browser may have its name point here."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from localcloud.cloud import Cloud
from localcloud.loopback import means_this_machine
from localcloud.metadata import MetadataServer
from localcloud.server import running

REBOUND = {"Host": "evil.example:8787"}


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    cloud = Cloud(data=tmp_path)
    with running(cloud):
        yield cloud


@pytest.mark.parametrize(
    "path",
    [
        "_local/token?as=owner",
        "accounts.google.com/.well-known/openid-configuration",
        "cloudresourcemanager.googleapis.com/v1/projects/dicom-local",
        "storage.googleapis.com/storage/v1/b/records/o",
        "healthcare.googleapis.com/v1/projects/p/locations/l/datasets/d/dicomStores/s/dicomWeb/studies",
    ],
)
def test_another_name_is_refused_whatever_it_asks_and_whoever_asks(cloud: Cloud, path: str) -> None:
    token = {"Authorization": f"Bearer {cloud.iam.token(cloud.iam.owner)}"}
    meant = requests.get(f"{cloud.base}/{path}", headers=token, timeout=10)
    rebound = requests.get(f"{cloud.base}/{path}", headers={**token, **REBOUND}, timeout=10)

    assert rebound.status_code == 421
    assert "evil.example" in rebound.text
    assert meant.status_code != 421


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1:8787", True), ("127.0.0.1", True), ("localhost:1", True), ("LocalHost", True), ("[::1]:8787", True),
        ("evil.example", False), ("127.0.0.1.evil.example:8787", False), ("localhost.evil.example", False),
        ("evil.example:127.0.0.1", False), ("", False), ("0.0.0.0:8787", False),
    ],
)  # fmt: skip
def test_names_of_this_machine(host: str, ours: bool) -> None:
    assert means_this_machine(host) is ours


def test_the_jobs_metadata_server_gives_no_token_to_another_name(cloud: Cloud) -> None:
    def ask(headers: dict[str, str]) -> Any:
        async def served() -> requests.Response:
            server = MetadataServer(cloud, cloud.iam.owner)
            address = await server.start()
            path = f"http://{address}/computeMetadata/v1/instance/service-accounts/default/token"
            try:
                known = {"Metadata-Flavor": "Google", **headers}
                return await asyncio.to_thread(requests.get, path, headers=known, timeout=10)
            finally:
                await server.close()

        return asyncio.run(served())

    assert ask({}).json()["token_type"] == "Bearer"
    assert ask(REBOUND).status_code == 421
