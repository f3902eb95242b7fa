"""The released site: every file whole and typed, headers in place, and a configuration that names this store."""

from __future__ import annotations

import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from smoke_tests.context import Context
from smoke_tests.http import HttpAnswer
from smoke_tests.plugin import Notes

CONFIG = "config/local.js"
MANIFEST = "release.json"
"""`{"files": {path: {"type", "size", "sha256"}}}` of every released file but itself."""
ABSENT = "assets/absent/dataLoader.worker.min.js"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
pytestmark = pytest.mark.needs("viewer")


def fetch(run: Context, path: str, due: int = 200) -> HttpAnswer:
    answer = run.http.send("GET", f"{run.target.viewer_url}/{path}")
    assert answer.status == due, str(answer)
    return answer


def manifest(run: Context) -> dict[str, dict[str, Any]]:
    answer = fetch(run, MANIFEST)
    assert answer.content_type == "application/json", f"{answer}; is {MANIFEST} missing and the page served for it?"
    listed = json.loads(answer.body).get("files")
    assert listed, f"{MANIFEST} lists no file"
    return {path.lstrip("/"): file for path, file in listed.items()}


@pytest.mark.parametrize("path", ["", "studies/2.25.1/series/2.25.2"], ids=["root", "deep link"])
def check_the_page_is_served_at_any_address(run: Context, path: str) -> None:
    answer = fetch(run, path)
    assert answer.content_type == "text/html", f"{answer}; a page was due"
    assert "<html" in answer.text.lower(), f"{answer}; a page was due"


@pytest.mark.parametrize("path", ["", "studies/2.25.1", CONFIG], ids=["root", "deep link", "config"])
def check_the_security_headers_are_there(run: Context, path: str) -> None:
    headers = fetch(run, path).headers
    where = f"{run.target.viewer_url}/{path}"
    wrong = {name: headers.get(name) for name, value in HEADERS.items() if headers.get(name) != value}
    assert not wrong, f"{where} has {wrong}; due are {HEADERS}"
    features = headers.get("Permissions-Policy", "")
    assert "camera=()" in features, f"{where} may use the camera: {features!r}"
    assert "microphone=()" in features, f"{where} may use the microphone: {features!r}"
    if where.startswith("https"):
        assert "max-age=" in headers.get("Strict-Transport-Security", ""), f"{where} may be opened without encryption"
    assert "Content-Security-Policy-Report-Only" not in headers, f"{where} only reports what its policy forbids"
    policy = directives(headers.get("Content-Security-Policy", ""))
    assert policy.get("default-src") == ["'none'"], f"{where} has no policy that forbids by default: {policy}"
    assert policy.get("frame-ancestors") == ["'self'"], f"{where} can be framed by {policy.get('frame-ancestors')}"
    scripts = policy.get("script-src", [])
    assert "'unsafe-eval'" not in scripts, f"{where} may evaluate strings"
    assert "'unsafe-inline'" not in scripts, f"{where} may run inline scripts"
    assert f"{run.target.main_root}/" in policy.get("connect-src", []), (
        f"{where} may connect to {policy.get('connect-src')}, which is not exactly this store, {run.target.main_root}/"
    )


def directives(policy: str) -> dict[str, list[str]]:
    words = [part.split() for part in policy.split(";") if part.strip()]
    return {name: sources for name, *sources in words}


def check_the_configuration_names_this_store(run: Context) -> None:
    answer = fetch(run, CONFIG)
    assert answer.content_type.endswith("javascript"), f"{answer}; is {CONFIG} missing and the page served for it?"
    urls = re.findall(r"""["']?url["']?\s*:\s*["']([^"']+)["']""", answer.text)
    assert urls == [run.target.main_root], f"the viewer reads {urls}, the stack's store is {run.target.main_root}"
    clients = re.findall(r"""["']?clientId["']?\s*:\s*["']([^"']+)["']""", answer.text)
    assert clients == [run.target.client_id], f"the viewer signs in as {clients}, the stack's is {run.target.client_id}"


def check_every_released_file_is_served(run: Context, note: Notes) -> None:
    files = manifest(run)

    def wrong(path: str) -> str:
        # Firebase answers the page for what is missing with 404 by its own name too.
        answer, wanted = fetch(run, path, 404 if path == "404.html" else 200), files[path]
        if answer.content_type != wanted["type"]:
            return f"/{path} came as {answer.content_type!r}, not {wanted['type']!r}"
        if len(answer.body) != wanted["size"] or hashlib.sha256(answer.body).hexdigest() != wanted["sha256"]:
            return f"/{path} is not the file that was released ({len(answer.body)} bytes)"
        return ""

    with ThreadPoolExecutor(8) as pool:
        problems = [problem for problem in pool.map(wrong, files) if problem]
    note(files=len(files), bytes=sum(int(file["size"]) for file in files.values()))
    assert not problems, "; ".join(problems[:5])


def check_a_missing_file_is_not_answered_with_the_page(run: Context) -> None:
    """A decoder that is missing and "found" makes every tile blank without an error."""
    answer = run.http.send("GET", f"{run.target.viewer_url}/{ABSENT}")
    assert answer.status == 404, f"{answer}; there is no such file, 404 was due"
    kept = answer.headers.get("Cache-Control", "")
    assert "no-store" in kept, f"{answer} says Cache-Control: {kept}; it must not be kept"


def check_the_decoders_are_served_as_code(run: Context, note: Notes) -> None:
    paths = manifest(run)
    workers = [path for path in paths if path.endswith("dataLoader.worker.min.js")]
    modules = [path for path in paths if path.endswith(".wasm")]
    note(workers=len(workers), wasm=len(modules))
    assert workers, "the release has no decoder worker"
    assert modules, "the release has no wasm decoder"
    for path in modules:
        answer = fetch(run, path)
        assert answer.content_type == "application/wasm", f"{answer}; application/wasm was due"
        assert answer.body.startswith(b"\0asm"), f"{path} is no wasm module"
    for path in workers:
        answer = fetch(run, path)
        assert answer.content_type.endswith("javascript"), f"{answer}; a script was due"
