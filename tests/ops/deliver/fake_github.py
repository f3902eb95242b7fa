"""GitHub's REST API on loopback, as far as comments, issues and rules of branches go, in the shapes of its docs."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ops.deliver.github import BOT

REPOSITORY = "lab/platform"


class FakeGitHub:
    """Issues and their comments by number; `writes` is every request that changed something."""

    def __init__(self) -> None:
        self.url = ""
        self.issues: dict[int, dict[str, Any]] = {}
        self.comments: dict[int, dict[str, Any]] = {}
        self.writes: list[tuple[str, str]] = []
        self.writer = BOT
        """Whose token it is."""
        self.rules: list[dict[str, Any]] = []
        """What rulesets ask of the branch main."""
        self.protection: dict[str, Any] | str = "Branch not protected"
        """The classic protection of main, or the words of a 404."""

    @property
    def environment(self) -> dict[str, str]:
        return {
            "GITHUB_TOKEN": "t",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_API_URL": self.url,
            "GITHUB_ACTIONS": "true",
        }

    def answer(self, verb: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        if path == "/user":
            return (403, {"message": "not by integration"}) if self.writer == BOT else (200, {"login": self.writer})
        rest = path.removeprefix(f"/repos/{REPOSITORY}")
        if verb != "GET":
            self.writes.append((verb, rest))
        if rest == "/rules/branches/main":
            return 200, self.rules
        if rest == "/branches/main/protection":
            return (404, {"message": self.protection}) if isinstance(self.protection, str) else (200, self.protection)
        if rest == "/issues" and verb == "GET":
            wanted = [issue for issue in self.issues.values() if issue["state"] == query["state"][0]]
            label = query["labels"][0]
            return 200, page([i for i in wanted if label in [one["name"] for one in i["labels"]]], query)
        if rest == "/issues" and verb == "POST":
            number = len(self.issues) + 1
            labels = [{"name": name} for name in body.get("labels", [])]
            user = {"login": self.writer}
            self.issues[number] = {
                "id": number,
                "number": number,
                "state": "open",
                "user": user,
                **body,
                "labels": labels,
            }
            return 201, self.issues[number]
        if match := re.fullmatch(r"/issues/comments/(\d+)", rest):
            if verb == "DELETE":
                del self.comments[int(match[1])]
                return 204, None
            self.comments[int(match[1])] |= body
            return 200, self.comments[int(match[1])]
        if match := re.fullmatch(r"/issues/(\d+)/comments", rest):
            number = int(match[1])
            if verb == "GET":
                return 200, page([one for one in self.comments.values() if one["issue"] == number], query)
            made = {"id": len(self.comments) + 1, "issue": number, "user": {"login": self.writer}, **body}
            made["html_url"] = f"{self.url}/{made['id']}"
            self.comments[made["id"]] = made
            return 201, made
        if match := re.fullmatch(r"/issues/(\d+)", rest):
            self.issues[int(match[1])] |= body
            return 200, self.issues[int(match[1])]
        return 404, {"message": "Not Found"}


def page(found: list[Any], query: dict[str, list[str]]) -> list[Any]:
    size, number = int(query["per_page"][0]), int(query["page"][0])
    return found[(number - 1) * size : number * size]


@contextlib.contextmanager
def fake_github() -> Iterator[FakeGitHub]:
    made = FakeGitHub()

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            parts = urlsplit(self.path)
            if self.headers.get("Authorization") != "Bearer t":
                status, answer = 401, {"message": "Bad credentials"}
            else:
                status, answer = made.answer(self.command, parts.path, parse_qs(parts.query), body)
            data = json.dumps(answer).encode() if answer is not None else b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_one  # noqa: N815 - the server looks for these names

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
