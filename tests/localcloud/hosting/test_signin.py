from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from google.auth import jwt

from tests.localcloud.hosting.platform import CLIENT, READER, WRITER, Platform

SCOPE = "openid email profile https://www.googleapis.com/auth/cloud-healthcare"


def authorize(served: Platform, session: requests.Session | None = None, **changes: str) -> requests.Response:
    query = {
        "client_id": CLIENT,
        "redirect_uri": f"{served.url}/",
        "response_type": "id_token token",
        "scope": SCOPE,
        "state": "s1",
        "nonce": "n1",
        **changes,
    }
    url = served.cloud.endpoint("accounts.google.com") + "o/oauth2/v2/auth"
    return (session or requests.Session()).get(url, params=query, allow_redirects=False, timeout=10)


def fragment(answer: requests.Response) -> dict[str, str]:
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).fragment).items()}


def discovery(served: Platform) -> dict[str, Any]:
    url = served.cloud.endpoint("accounts.google.com") + ".well-known/openid-configuration"
    answer = requests.get(url, timeout=10)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    return answer.json()


def test_the_chooser_lists_people_and_groups_but_no_service_account(served: Platform) -> None:
    page = authorize(served)

    assert page.status_code == 200
    assert READER in page.text
    assert WRITER in page.text
    assert "gserviceaccount.com" not in page.text


def test_the_chooser_never_shows_inside_a_frame(served: Platform) -> None:
    assert "frame-ancestors 'none'" in authorize(served).headers["Content-Security-Policy"]


def test_a_chosen_account_comes_back_to_the_site_with_its_tokens(served: Platform) -> None:
    answer = authorize(served, login_hint=READER)

    assert answer.headers["Location"].startswith(f"{served.url}/#")
    got = fragment(answer)
    assert (got["state"], got["token_type"], got["expires_in"]) == ("s1", "Bearer", "3600")
    assert served.cloud.iam.authenticate(f"Bearer {got['access_token']}").email == READER


def test_the_id_token_names_the_account_the_client_and_the_nonce_and_is_signed(served: Platform) -> None:
    provider = discovery(served)
    (key,) = requests.get(provider["jwks_uri"], timeout=10).json()["keys"]

    token = fragment(authorize(served, login_hint=READER))["id_token"]

    claims = jwt.decode(token, verify=False)
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (provider["issuer"], CLIENT, "n1")
    assert (claims["email"], claims["name"]) == (READER, "Pathologist")
    assert jwt.decode_header(token) == {"alg": "RS256", "typ": "JWT", "kid": key["kid"]}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"redirect_uri": "http://127.0.0.1:1/"}, "redirect_uri_mismatch"),
        ({"client_id": "someone"}, "invalid_client"),
        ({"response_type": "code"}, "unsupported_response_type"),
        ({"nonce": ""}, "invalid_request"),
        ({"scope": "email"}, "invalid_request"),
    ],
)
def test_a_wrong_request_gets_a_page_and_no_redirect(served: Platform, changes: dict[str, str], sentence: str) -> None:
    answer = authorize(served, login_hint=READER, **changes)

    assert answer.status_code == 400
    assert sentence in answer.text


def test_a_redirect_uri_without_the_trailing_slash_is_another_uri(served: Platform) -> None:
    assert authorize(served, login_hint=READER, redirect_uri=served.url).status_code == 400


def test_silent_renewal_needs_a_session(served: Platform) -> None:
    assert fragment(authorize(served, prompt="none")) == {"error": "login_required", "state": "s1"}


def test_an_account_once_chosen_is_taken_silently_until_it_signs_out(served: Platform) -> None:
    browser = requests.Session()
    authorize(served, browser, login_hint=READER)
    assert "access_token" in fragment(authorize(served, browser, prompt="none"))

    url = served.cloud.endpoint("accounts.google.com") + "Logout"
    back = browser.get(
        url, params={"post_logout_redirect_uri": f"{served.url}/logout"}, allow_redirects=False, timeout=10
    )

    assert back.headers["Location"] == f"{served.url}/logout"
    assert fragment(authorize(served, browser, prompt="none"))["error"] == "login_required"


def test_sign_out_does_not_redirect_to_strangers(served: Platform) -> None:
    url = served.cloud.endpoint("accounts.google.com") + "Logout"

    answer = requests.get(
        url, params={"post_logout_redirect_uri": "http://example.org/"}, allow_redirects=False, timeout=10
    )

    assert answer.status_code == 200
    assert "Location" not in answer.headers


def test_another_account_can_be_chosen(served: Platform) -> None:
    browser = requests.Session()
    authorize(served, browser, login_hint=READER)

    assert "Choose an account" in authorize(served, browser, prompt="select_account").text


def test_an_unknown_account_is_asked_to_choose(served: Platform) -> None:
    assert "Choose an account" in authorize(served, login_hint="nobody@example.org").text


def test_user_information_needs_the_token(served: Platform) -> None:
    url = discovery(served)["userinfo_endpoint"]
    token = served.token(READER)

    told = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10)

    assert told.json()["email"] == READER
    assert requests.get(url, timeout=10).status_code == 401


def test_names_in_the_chooser_cannot_carry_markup(served: Platform) -> None:
    page = authorize(served, state='"><script>alert(1)</script>')

    assert "<script>" not in page.text
