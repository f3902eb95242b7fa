"""Tokens: whose they are, how long they last, what is no token. JWTs are made by google-auth itself."""

from __future__ import annotations

import json
import stat
import time
from typing import Any

import pytest
from google.auth import crypt, jwt
from google.oauth2 import service_account

from localcloud.control.special.agents import ensure_agent
from localcloud.errors import ApiError
from localcloud.iam.principal import Principal
from tests.localcloud.control.client import Client

HEALTHCARE = "https://healthcare.googleapis.com/"


def signed(client: Client, **claims: Any) -> str:
    """A JWT of the owner, signed with the throw-away key."""
    info = json.loads(client.cloud.iam.credentials_file.read_text())
    owner, now = client.cloud.iam.owner, client.clock.now
    payload = {"iss": owner, "sub": owner, "aud": HEALTHCARE, "iat": now, "exp": now + 3600, **claims}
    return "Bearer " + jwt.encode(crypt.RSASigner.from_service_account_info(info), payload).decode()


def refused(client: Client, authorization: str | None) -> str:
    with pytest.raises(ApiError) as error:
        client.cloud.iam.authenticate(authorization)
    assert error.value.code == 401
    return error.value.message


def test_a_token_is_its_principals(client: Client) -> None:
    email = client.account("job-runner")

    token = client.cloud.iam.token(email)

    assert token.startswith("ya29.local.")
    assert client.cloud.iam.authenticate(f"Bearer {token}") == Principal(email, "serviceAccount")


def test_a_token_expires(client: Client) -> None:
    authorization = f"Bearer {client.cloud.iam.token(client.cloud.iam.owner, lifetime=60)}"

    client.clock.now += 59
    client.cloud.iam.authenticate(authorization)
    client.clock.now += 1

    assert "invalid authentication credentials" in refused(client, authorization)


def test_each_token_is_another_and_old_ones_stay_good_beside_new_ones(client: Client) -> None:
    first, second = (client.cloud.iam.token(client.cloud.iam.owner) for _ in range(2))

    assert first != second
    assert client.cloud.iam.authenticate(f"Bearer {first}") == client.cloud.iam.authenticate(f"Bearer {second}")


def test_a_changed_token_is_none(client: Client) -> None:
    token = client.cloud.iam.token(client.cloud.iam.owner)

    refused(client, f"Bearer {token[:-1]}{'A' if token[-1] != 'A' else 'B'}")


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer ya29.local.x.y",
        "Bearer ya29.local",
        "Bearer a.b.c",
        "Bearer nothing",
        "Basic eDp5",
        "Bearer",
        "ümlaut x",
    ],
)
def test_what_is_no_token_is_401(client: Client, authorization: str) -> None:
    assert refused(client, authorization).startswith("Request had invalid authentication credentials.")


@pytest.mark.parametrize("authorization", [None, ""])
def test_no_token_at_all_is_401_in_other_words(client: Client, authorization: str | None) -> None:
    assert refused(client, authorization).startswith("Request is missing required authentication credential.")


def test_a_token_of_a_deleted_or_disabled_account_is_worth_nothing(client: Client) -> None:
    email = client.account("job-runner")
    authorization = client.bearer(email)
    url = f"iam/v1/projects/p-1/serviceAccounts/{email}"

    client.ok("POST", f"{url}:disable", {})
    refused(client, authorization)
    with pytest.raises(ApiError, match="is disabled"):
        client.cloud.iam.token(email)
    client.ok("POST", f"{url}:enable", {})
    client.cloud.iam.authenticate(authorization)
    client.ok("DELETE", url)

    refused(client, authorization)


def test_an_unknown_principal_gets_no_token_and_the_known_ones_are_named(client: Client) -> None:
    with pytest.raises(ApiError) as error:
        client.cloud.iam.token("eve@example.org")

    assert error.value.code == 404
    assert "eve@example.org" in error.value.message
    assert client.cloud.iam.owner in error.value.message


def test_a_service_agent_can_have_a_token(client: Client) -> None:
    agent = ensure_agent(client.cloud, "healthcare")

    assert client.cloud.iam.authenticate(client.bearer(agent)).email == agent


def test_the_owners_own_jwt_is_taken(client: Client) -> None:
    assert client.cloud.iam.authenticate(signed(client)) == Principal(client.cloud.iam.owner, "serviceAccount")


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "someone@p-1.iam.gserviceaccount.com"},
        {"sub": "someone@p-1.iam.gserviceaccount.com"},
        {"exp": 1_799_999_999.0},
        {"exp": None},
        {"exp": "never"},
        {"nbf": 1_800_000_600.0},
        {"nbf": "tomorrow"},
        {"iat": 1_800_000_600.0},
        {"iat": None},
        {"exp": 1_800_007_200.0},
        {"aud": "https://evil.example/"},
        {"aud": "https://healthcare.googleapis.com.evil.example/"},
        {"aud": ["https://healthcare.googleapis.com/"]},
        {"aud": None},
        {"aud": "https://oauth2.googleapis.com/token"},
    ],
)
def test_a_jwt_of_another_or_expired_is_401(client: Client, claims: dict[str, Any]) -> None:
    refused(client, signed(client, **claims))


@pytest.mark.parametrize("aud", [None, HEALTHCARE, "https://evil.example/token"])
def test_an_assertion_for_somebody_else_is_not_exchanged(client: Client, aud: str | None) -> None:
    with pytest.raises(ApiError, match="invalid_grant"):
        client.cloud.iam.exchange(signed(client, aud=aud).removeprefix("Bearer "))


def test_an_assertion_for_the_token_endpoint_is_exchanged(client: Client) -> None:
    for aud in ("https://oauth2.googleapis.com/token", client.cloud.endpoint("oauth2.googleapis.com") + "token"):
        token = client.cloud.iam.exchange(signed(client, aud=aud).removeprefix("Bearer "))
        assert client.cloud.iam.authenticate(f"Bearer {token}").email == client.cloud.iam.owner


def test_a_jwt_signed_with_another_key_is_401(client: Client, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = Client(tmp_path_factory.mktemp("other"))

    refused(client, signed(other))


@pytest.mark.parametrize("aud", ["", None])
def test_a_jwt_with_scopes_and_no_audience_is_taken_as_gos_client_writes_it(client: Client, aud: str | None) -> None:
    """With it the provider asks; without a scope it is for nothing."""
    scope = "https://www.googleapis.com/auth/cloud-platform"

    assert client.cloud.iam.authenticate(signed(client, aud=aud, scope=scope)).email == client.cloud.iam.owner
    refused(client, signed(client, aud=aud))


def test_google_auth_signs_its_own_tokens_with_the_key_and_asks_nobody(client: Client) -> None:
    client.clock.now = time.time()
    credentials = service_account.Credentials.from_service_account_file(
        str(client.cloud.iam.credentials_file), scopes=["https://www.googleapis.com/auth/cloud-platform"]
    )

    credentials.refresh(None)

    assert client.cloud.iam.authenticate(f"Bearer {credentials.token}").email == client.cloud.iam.owner


def test_the_key_is_private_and_stays_the_same(client: Client) -> None:
    path = client.cloud.iam.credentials_file
    again = Client(client.cloud.data)

    assert path == client.cloud.data / "credentials.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["universe_domain"] == "emulator.invalid"
    assert again.cloud.iam.authenticate(signed(client)).email == client.cloud.iam.owner


def test_another_projects_key_is_replaced(client: Client) -> None:
    path = client.cloud.data / "credentials.json"
    path.write_text(json.dumps({"client_email": "owner@other.iam.gserviceaccount.com"}))

    assert json.loads(client.cloud.iam.credentials_file.read_text())["client_email"] == client.cloud.iam.owner
