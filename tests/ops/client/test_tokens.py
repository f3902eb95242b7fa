"""Tokens from a command: asked for once, again when refused or old, and never by every thread at once."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from ops.client.http import sessions
from ops.client.tokens import LIFETIME, PrintedToken, TokenRefused


def counting(tmp_path: Path) -> list[str]:
    """A command that prints t1, t2, t3 … and the principal it was asked for."""
    script = tmp_path / "token.py"
    count = tmp_path / "count"
    count.write_text("0")
    script.write_text(
        f"import pathlib, sys\np = pathlib.Path({str(count)!r})\nn = int(p.read_text()) + 1\np.write_text(str(n))\n"
        "print(f't{n}', *sys.argv[1:])\n"
    )
    return [sys.executable, str(script)]


def header(token: PrintedToken) -> str:
    headers: dict[str, str] = {}
    token.before_request(None, "GET", "https://x", headers)
    return headers["authorization"]


def test_the_printed_token_is_kept(tmp_path: Path) -> None:
    token = PrintedToken(counting(tmp_path))
    assert [header(token), header(token)] == ["Bearer t1", "Bearer t1"]


def test_an_old_or_refused_token_is_asked_for_again(tmp_path: Path) -> None:
    now = [0.0]
    token = PrintedToken(counting(tmp_path), lambda: now[0])
    header(token)
    now[0] = LIFETIME + 1
    assert header(token) == "Bearer t2"
    token.refresh(None)
    assert header(token) == "Bearer t3"


def test_threads_that_need_a_token_at_once_ask_once(tmp_path: Path) -> None:
    token = PrintedToken(counting(tmp_path))
    threads = [threading.Thread(target=header, args=(token,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert header(token) == "Bearer t1"


def test_the_command_is_told_the_principal(tmp_path: Path) -> None:
    command = " ".join([*counting(tmp_path), "{principal}"])
    session = sessions(command, 1)("scanners@example.org")
    assert header(session.credentials) == "Bearer t1 scanners@example.org"


def test_sessions_of_one_principal_share_their_token(tmp_path: Path) -> None:
    make = sessions(" ".join([*counting(tmp_path), "{principal}"]), 1)
    assert [header(make("a").credentials), header(make("b").credentials), header(make("a").credentials)] == [
        "Bearer t1 a",
        "Bearer t2 b",
        "Bearer t1 a",
    ]


@pytest.mark.parametrize(
    ("script", "words"),
    [("import sys; sys.exit('who are you?')", "who are you"), ("pass", "it printed nothing")],
)
def test_a_command_that_fails_is_said(script: str, words: str) -> None:
    with pytest.raises(TokenRefused, match=words):
        header(PrintedToken([sys.executable, "-c", script]))


def test_without_google_credentials_the_way_to_them_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "absent.json"))
    with pytest.raises(TokenRefused, match="gcloud auth application-default login"):
        sessions(None, 1)("")
