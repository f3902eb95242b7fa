"""The metadata server, asked by google-auth in a process of its own, as a job would."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
import requests

from localcloud.metadata import MetadataServer
from tests.localcloud.services.client import Api

ASK = """
import json, google.auth, google.auth.transport.requests
credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
credentials.refresh(google.auth.transport.requests.Request())
print(json.dumps([type(credentials).__module__, project, credentials.service_account_email, credentials.token]))
"""


@pytest.fixture
def account(api: Api) -> str:
    return api.account("job-runner")


@pytest.fixture
def address(api: Api, account: str) -> Iterator[str]:
    """Of a server that runs on a loop of its own."""
    server = MetadataServer(api.parts.cloud, account)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield asyncio.run_coroutine_threadsafe(server.start(), loop).result()
    asyncio.run_coroutine_threadsafe(server.close(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_google_auth_finds_the_account_and_its_token_works(api: Api, account: str, address: str) -> None:
    env = {
        "GCE_METADATA_HOST": address,
        "GCE_METADATA_IP": address,
        "GCE_METADATA_ROOT": address,
        "HOME": "/nonexistent",
    }

    answer = subprocess.run(
        [sys.executable, "-c", ASK], env=env, capture_output=True, text=True, check=True, timeout=60
    )

    module, project, email, token = json.loads(answer.stdout)
    assert module == "google.auth.compute_engine.credentials"
    assert (project, email) == ("dicom-local", account)
    assert api.parts.cloud.iam.authenticate(f"Bearer {token}").email == account


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("", "computeMetadata/\n"),
        ("computeMetadata/v1/project/numeric-project-id", "123456789012"),
        ("computeMetadata/v1/universe/universe-domain", "googleapis.com"),
    ],
)
def test_other_values(address: str, path: str, text: str) -> None:
    answer = requests.get(f"http://{address}/{path}", headers={"Metadata-Flavor": "Google"}, timeout=10)

    assert answer.text == text
    assert answer.headers["Metadata-Flavor"] == "Google"


def test_without_the_flavor_header_nothing_is_given(address: str) -> None:
    answer = requests.get(f"http://{address}/computeMetadata/v1/instance/service-accounts/default/token", timeout=10)

    assert answer.status_code == 403
    assert "ya29" not in answer.text


def test_what_it_does_not_know_is_404_in_words(address: str) -> None:
    answer = requests.get(
        f"http://{address}/computeMetadata/v1/instance/zone", headers={"Metadata-Flavor": "Google"}, timeout=10
    )

    assert answer.status_code == 404
    assert "instance/zone" in answer.text


def test_a_deleted_account_gets_no_token(api: Api, account: str, address: str) -> None:
    api.call("DELETE", f"iam.googleapis.com/v1/projects/dicom-local/serviceAccounts/{account}")

    answer = requests.get(
        f"http://{address}/computeMetadata/v1/instance/service-accounts/default/token",
        headers={"Metadata-Flavor": "Google"}, timeout=10,
    )  # fmt: skip

    assert answer.status_code == 404
