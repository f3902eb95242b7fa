from __future__ import annotations

import sys
from pathlib import Path

import pytest

from smoke_tests.credentials import Credentials, NoToken, by_command, by_impersonation


def test_a_command_is_told_whose_token_is_wanted() -> None:
    source = by_command(f"{sys.executable} -c \"import sys; print('token-of-' + sys.argv[1])\" {{principal}}")

    assert source("smoke@p") == "token-of-smoke@p"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (f"{sys.executable} -c \"import sys; sys.exit('not signed in')\"", "ended with 1: not signed in"),
        (f'{sys.executable} -c ""', "it printed nothing"),
        ("/no/such/program", "/no/such/program: .*No such file"),
    ],
)
def test_a_command_without_a_token_says_why(command: str, words: str) -> None:
    with pytest.raises(NoToken, match=f"no token for smoke@p: .*{words}"):
        by_command(command)("smoke@p")


def test_impersonation_without_own_credentials_says_what_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))

    with pytest.raises(NoToken, match=r"no token for smoke@p: .*none.json.*roles/iam.serviceAccountTokenCreator"):
        by_impersonation()("smoke@p")


def test_each_identitys_token_is_made_once() -> None:
    made: list[str] = []

    def source(principal: str) -> str:
        made.append(principal)
        return f"t-{principal}"

    credentials = Credentials(source)

    assert credentials.headers("a") == credentials.headers("a") == {"Authorization": "Bearer t-a"}
    assert credentials.headers("b") == {"Authorization": "Bearer t-b"}
    assert made == ["a", "b"]


def test_nobody_has_no_header() -> None:
    assert Credentials(lambda who: "never").headers(None) == {}
