from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from smoke_tests.http import Http, HttpAnswer, Retry, Unreachable, WaitTimedOut, redact, until


class Server:
    """Answers with the statuses it is given, one a request; the last one stays."""

    def __init__(self, *statuses: int) -> None:
        self.statuses, self.asked = list(statuses), 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status = outer.statuses[min(outer.asked, len(outer.statuses) - 1)]
                outer.asked += 1
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/"


@pytest.fixture
def serve() -> Iterator[object]:
    running: list[Server] = []

    def start(*statuses: int) -> Server:
        running.append(Server(*statuses))
        return running[-1]

    yield start
    for server in running:
        server.http.shutdown()
        server.http.server_close()


def test_busy_answers_are_retried_and_counted(serve) -> None:
    server, waits = serve(503, 429, 200), []
    http = Http(pause=waits.append)

    answer = http.send("GET", server.url)

    assert (answer.status, server.asked) == (200, 3)
    assert http.ledger.retries == 2
    assert http.ledger.requests == 3
    assert 0.25 <= waits[0] <= 0.5 < waits[1] <= 1.0


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 500, 502, 504])
def test_every_other_answer_is_final(serve, status: int) -> None:
    server = serve(status)

    assert Http(pause=lambda _: None).send("GET", server.url).status == status
    assert server.asked == 1


def test_retries_end_with_the_last_answer(serve) -> None:
    server = serve(503)

    answer = Http(retry=Retry(tries=3), pause=lambda _: None).send("GET", server.url)

    assert (answer.status, server.asked) == (503, 3)


def test_retries_end_before_their_deadline_would_pass(serve) -> None:
    server = serve(503)

    Http(retry=Retry(first_seconds=50, longest_seconds=50, deadline_seconds=10), pause=lambda _: None).send(
        "GET", server.url
    )

    assert server.asked == 1


def test_no_answer_is_one_sentence_without_the_token(serve) -> None:
    server = serve(200)
    server.http.shutdown()
    server.http.server_close()

    with pytest.raises(Unreachable) as refused:
        Http().send("GET", f"{server.url}?access_token=abc", headers={"Authorization": "Bearer ya29.secret"})

    assert "got no answer" in str(refused.value)
    assert "abc" not in str(refused.value)
    assert "ya29.secret" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer ya29.local.SECRET-x_1",
        "https://x/?access_token=SECRET&y=1",
        "token ya29.SECRET",
        "eyJSECRET.eyJSECRET.SECRET",
        '{"authorization": "bearer SECRET"}',
    ],
)
def test_tokens_are_never_shown(text: str) -> None:
    assert "SECRET" not in redact(text)


def test_an_answers_words_are_short_and_without_binary() -> None:
    image = HttpAnswer("GET", "http://x/", 200, {"Content-Type": "image/jpeg"}, b"\xff\xd8" * 1000, 0.1)
    page = HttpAnswer("GET", "http://x/", 500, {"Content-Type": "text/html; charset=utf-8"}, b"<p>" + b"y" * 9000, 0.1)

    assert str(image) == "GET http://x/ answered 200 image/jpeg"
    assert str(page).startswith("GET http://x/ answered 500 text/html: <p>yyy")
    assert len(str(page)) < 500


def test_waiting_asks_at_once_and_fails_by_its_deadline() -> None:
    now, asked = [0.0], []

    def pause(seconds: float) -> None:
        now[0] += seconds

    def never() -> None:
        asked.append(now[0])

    with pytest.raises(WaitTimedOut, match="the moon did not come about within 5 s"):
        until(never, "the moon", 5, pause=pause, clock=lambda: now[0])

    assert asked[0] == 0
    assert 3 < now[0] <= 5
    assert len(asked) < 15
