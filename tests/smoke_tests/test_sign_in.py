"""What the smoke test's sign-in answers: all that either viewer asks of a person's account."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
from google.auth import jwt

from smoke_tests.sign_in import SmokeSignIn

AUTHORITY, EMAIL = "https://sign-in.invalid", "smoke@example.iam.gserviceaccount.com"
ASKED = f"{AUTHORITY}/auth?client_id=client&nonce=n&state=s&redirect_uri=https%3A%2F%2Fviewer.invalid%2F"


def answered(url: str) -> dict[str, Any]:
    """What the browser is answered when it asks for `url`."""
    given: dict[str, Any] = {}
    route = SimpleNamespace(request=SimpleNamespace(url=url), fulfill=given.update, abort=lambda: None)
    SmokeSignIn(AUTHORITY, EMAIL, "token").answer(cast(Any, route))
    return given


def claims_of_the_id_token() -> dict[str, Any]:
    fragment = urlsplit(answered(ASKED)["headers"]["Location"]).fragment
    return dict(jwt.decode(parse_qs(fragment)["id_token"][0], verify=False))


@pytest.mark.parametrize("field", ["sub", "email", "name"])
def test_the_account_has_all_that_slim_shows_of_it(field: str) -> None:
    # Without a name SLIM's header is an error.
    assert claims_of_the_id_token()[field] == EMAIL
    assert answered(f"{AUTHORITY}/userinfo")["json"][field] == EMAIL


def test_the_answer_is_to_the_question_that_was_asked() -> None:
    fragment = parse_qs(urlsplit(answered(ASKED)["headers"]["Location"]).fragment)

    claims = claims_of_the_id_token()

    assert (claims["aud"], claims["nonce"], fragment["state"], fragment["access_token"]) == (
        "client", "n", ["s"], ["token"],
    )  # fmt: skip
