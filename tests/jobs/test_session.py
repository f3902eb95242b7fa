"""A token that runs out in the middle of the work of many threads: refreshed once, nothing lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from google.auth.credentials import Credentials
from prepare.http.session import authorized

THREADS = 16


class Tokens(Credentials):
    """Gives `token-1`, `token-2`, … and counts."""

    def __init__(self) -> None:
        super().__init__()
        self.refreshes = 0

    def refresh(self, request: Any) -> None:
        self.refreshes += 1
        self.token = f"token-{self.refreshes}"


class Server:
    """Accepts one token at a time."""

    good = "token-1"
    refused = 0


class Listening(ThreadingHTTPServer):
    request_queue_size = 256


@pytest.fixture
def server() -> Iterator[tuple[Server, str]]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            accepted = self.headers["Authorization"] == f"Bearer {state.good}"
            state.refused += not accepted
            self.send_response(200 if accepted else 401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with Listening(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        yield state, f"http://127.0.0.1:{http.server_port}/"
        http.shutdown()


def test_a_token_that_expires_five_times_is_refreshed_five_times(server: tuple[Server, str]) -> None:
    state, url = server
    tokens = Tokens()
    session = authorized(tokens)
    session.trust_env = False
    with ThreadPoolExecutor(THREADS) as pool:
        for expiry in range(1, 7):
            state.good = f"token-{expiry}"
            answers = list(pool.map(lambda _: session.post(url, data=b"x", timeout=10).status_code, range(3 * THREADS)))
            assert answers == [200] * 3 * THREADS
    assert tokens.refreshes == 6  # the first token, and five times another


def test_a_token_that_is_refused_for_good_is_refreshed_once_a_request(server: tuple[Server, str]) -> None:
    state, url = server
    state.good = "never"
    tokens = Tokens()
    session = authorized(tokens)
    session.trust_env = False
    assert session.post(url, data=b"x", timeout=10).status_code == 401
    assert (tokens.refreshes, state.refused) == (2, 2)
