"""The one retry table, and the headers that every request of ours has."""

from __future__ import annotations

import ast
from pathlib import Path

import google.auth
import google.oauth2.credentials
import pytest
import requests
from google.auth.compute_engine.credentials import Credentials as MachineCredentials
from urllib3.response import HTTPResponse

from ops.client import tokens
from ops.client.google import GoogleApi
from ops.client.http import ALL, LONGEST_WAIT, READS
from ops.client.tokens import QUOTA_VARIABLE, VARIABLE, TokenSource, authorization, token_source
from ops.viewer.hosting import HostingApi

ROOT = Path(__file__).resolve().parents[3]


def test_waits_grow_with_jitter_and_are_bounded_whatever_the_server_asks_for() -> None:
    for retry in (READS, ALL):
        assert (retry.total, retry.backoff_factor > 0, retry.backoff_jitter > 0) == (5, True, True)
        assert retry.get_retry_after(HTTPResponse(headers={"Retry-After": "86400"})) == LONGEST_WAIT
        assert retry.get_retry_after(HTTPResponse(headers={"Retry-After": "2"})) == 2
        assert retry.get_retry_after(HTTPResponse()) is None
        assert {408, 429, 500, 502, 503, 504} == set(retry.status_forcelist)


def test_a_write_is_repeated_only_where_that_does_no_harm() -> None:
    assert READS.is_retry("GET", 503)
    assert not READS.is_retry("POST", 503)
    assert ALL.is_retry("POST", 503)


def test_ops_has_no_other_retry_table_and_no_other_way_to_google_credentials() -> None:
    """Whoever needs another row adds it to the table; a second table is a second truth."""
    elsewhere = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in (ROOT / "ops").rglob("*.py")
        if file.parent != ROOT / "ops/client"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        for name in [ast.unparse(node.func)]
        if name in {"Retry", "google.auth.default", "AuthorizedSession"}
    }
    assert elsewhere == set()


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    found = google.oauth2.credentials.Credentials("t")
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(google.auth, "default", lambda **_: (found, None))


@pytest.mark.usefixtures("person")
def test_a_persons_call_names_the_project_that_pays() -> None:
    token = token_source(project="p-1")
    assert authorization(token) == {"Authorization": "Bearer t", "X-Goog-User-Project": "p-1"}


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize("client", ["google", "hosting"])
def test_every_client_of_ours_sends_it(client: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, str]] = []

    def answer(*_: object, headers: dict[str, str], **__: object) -> requests.Response:
        sent.append(headers)
        response = requests.Response()
        response.status_code, response._content = 200, b"{}"
        return response

    monkeypatch.setattr(requests.Session, "request", answer)
    token = token_source(project="p-1")
    if client == "google":
        GoogleApi({"firebase": "https://f.example/"}, token).call("GET", "firebase", "v1beta1/projects/p-1")
    else:
        HostingApi("https://h.example/", "projects/p-1/sites/s", token).live()
    assert sent[0]["X-Goog-User-Project"] == "p-1"


def test_credentials_that_name_a_project_keep_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = google.oauth2.credentials.Credentials("t", quota_project_id="mine")
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(google.auth, "default", lambda **_: (found, None))
    assert authorization(token_source(project="p-1"))["X-Goog-User-Project"] == "mine"


def test_a_service_accounts_call_names_none_as_it_may_lack_the_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    machine = MachineCredentials()
    machine.token = "t"
    monkeypatch.setattr(google.auth, "default", lambda **_: (machine, None))
    assert authorization(token_source(project="p-1")) == {"Authorization": "Bearer t"}


def test_a_token_of_the_environment_names_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "t")
    assert authorization(token_source(project="p-1")) == {"Authorization": "Bearer t"}
    monkeypatch.setenv(QUOTA_VARIABLE, "p-2")
    assert authorization(token_source(project="p-1"))["X-Goog-User-Project"] == "p-2"


def test_a_token_command_that_does_not_exist_is_said() -> None:
    with pytest.raises(tokens.TokenRefused, match="no token: no-such-command"):
        TokenSource(tokens.credentials("no-such-command"))()
