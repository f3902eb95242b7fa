"""Who owns the viewer's image, what it is made of, and what is looked at once it is deployed."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.build_images import UNPINNED
from infra.settings import Settings
from infra.viewer import config_of
from ops.client.refusal import OpsRefused
from ops.deliver import pins, viewer_image
from ops.deliver.record import Record, Release, start_record
from ops.deliver.stack import Stack, load
from ops.deliver.viewer_image import ViewerImage, choose, mismatch
from tests import needs
from tests.infra import stacks
from tests.ops.deliver.pipelines import ROOT
from viewer.slim_pin import SlimError

A, B = "a" * 40, "b" * 40
ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64
CLIENT = "123456789012-abc.apps.googleusercontent.com"


class GoogleApi:
    """Cloud Build pushes TWO; Cloud Run has the service that it is given."""

    def __init__(self, service: dict[str, Any] | None = None) -> None:
        self.ran: list[str] = []
        self.service = service

    def call(self, verb: str, api: str, path: str, body: Any = None, **_: Any) -> dict[str, Any]:
        if api == "run":
            assert self.service, path
            return self.service
        assert (verb, api) == ("POST", "cloudbuild")
        self.ran.append(f"{path.rpartition('/')[2]} at {body['source']['commitSha'][:1]}")
        return {"done": True, "metadata": {"build": {"results": {"images": [{"digest": TWO}]}}}}


def stack(**settings: Any) -> Stack:
    values = {"project": "my-dev", "environment": "dev", "oauth_client_id": CLIENT, "viewer_host": "cloud_run"}
    return Stack(name="dev", settings=Settings(**values | settings), config={})


def record(content: str | None = None, digest: str | None = ONE) -> Record:
    release = Release(
        commit=A, job_source=None, job_digest=None, viewer_hash=content, viewer_digest=digest, config_hash="c" * 64
    )
    return replace(start_record(None, "dev", release, "b", datetime(2026, 11, 22, tzinfo=UTC)), state="proved")


@pytest.fixture(autouse=True)
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    found = needs.viewer_packages()
    monkeypatch.setattr("viewer.application.install", lambda: found)


def pick(made: Stack, google: Any, current: Record | None = None) -> ViewerImage:
    return choose(made, B, current, google)


def test_it_is_built_once_for_one_viewer_and_one_configuration() -> None:
    google = GoogleApi()

    first = pick(stack(), google)
    again = pick(stack(), google, record(first.content))

    assert (first.digest, again) == (TWO, ViewerImage(content=first.content, digest=ONE))
    assert google.ran == ["viewer-image:run at b"]


def test_after_going_back_the_image_of_the_release_before_is_not_built_again() -> None:
    google = GoogleApi()
    content = pick(stack(), google).content
    both = replace(record("0" * 40), previous=record(content).release)

    assert pick(stack(), google, both).digest == ONE
    assert len(google.ran) == 1


@pytest.mark.parametrize(
    "changed",
    [{"institution": "Another"}, {"support": "a@example.org"}, {"project": "my-prod"}, {"dataset": "slides"}],
    ids=lambda changed: next(iter(changed)),
)
def test_another_configuration_is_another_image(changed: dict[str, Any]) -> None:
    google = GoogleApi()
    first = pick(stack(), google)

    assert pick(stack(**changed), google, record(first.content)).content != first.content
    assert len(google.ran) == 2


def test_a_renewed_base_is_another_image(monkeypatch: pytest.MonkeyPatch) -> None:
    first = viewer_image.make_context(stack())
    monkeypatch.setattr(pins, "builders", lambda: {"nginx": f"nginx@{TWO}"})

    assert viewer_image.make_context(stack())["Dockerfile"] != first["Dockerfile"]
    assert f"\nARG BASE=nginx@{TWO}\n".encode() in viewer_image.make_context(stack())["Dockerfile"]


def test_a_base_that_nobody_has_pinned_stops_the_delivery_before_anything_is_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    google = GoogleApi()
    monkeypatch.setattr(pins, "builders", lambda: {"nginx": f"nginx@{UNPINNED}"})

    with pytest.raises(
        OpsRefused, match=r"base nginx has no digest in .*: \.venv/bin/python -m ops deliver pin nginx, read the change"
    ):
        pick(stack(), google)
    assert google.ran == []


def test_a_prebuilt_image_is_the_settings_and_nobody_builds() -> None:
    google = GoogleApi()

    found = pick(stack(viewer_image="prebuilt", viewer_image_digest=ONE), google, record("0" * 40, TWO))

    assert found == ViewerImage(content=None, digest=ONE)
    assert google.ran == []


def test_a_digest_that_was_set_by_hand_gives_way_to_the_deliverys_own() -> None:
    assert pick(stack(viewer_image_digest=ONE), GoogleApi()).digest == TWO


@pytest.mark.parametrize("without", [{"viewer_host": "firebase"}, {"oauth_client_id": None}], ids=["host", "client"])
def test_without_cloud_run_or_a_sign_in_client_there_is_no_image(without: dict[str, Any]) -> None:
    google = GoogleApi()

    assert pick(stack(**without), google) == ViewerImage(content=None, digest=None)
    assert google.ran == []


@pytest.mark.parametrize(("environment", "guarded"), [("dev", False), ("prod", True)])
def test_prod_does_not_show_a_slim_that_nobody_has_recorded_a_pass_of(
    monkeypatch: pytest.MonkeyPatch, environment: str, guarded: bool
) -> None:
    def assemble(app: str, *_: Any, **asked: Any) -> None:
        raise SlimError(f"{app}, guarded: {asked['guarded']}")

    monkeypatch.setattr(viewer_image, "assemble", assemble)

    with pytest.raises(OpsRefused, match=f"^the viewer of dev cannot be made: slim, guarded: {guarded}$"):
        pick(stack(environment=environment, viewer_app="slim"), GoogleApi())


CHANGES: list[dict[str, Any]] = [
    {},
    {"rawStore": "pathology"},
    {"annotators": [], "institution": "Lab", "support": "help@example.org"},
    {"location": "us-central1", "dataset": "slides", "signInAuthority": "https://login.example.org"},
]


@pytest.mark.parametrize("changes", CHANGES, ids=["as it is", "store", "words", "place"])
def test_what_is_in_the_image_is_what_pulumi_says_the_configuration_is(tmp_path: Path, changes: dict[str, Any]) -> None:
    graph = stacks.prod(**changes)
    (tmp_path / "Pulumi.prod.yaml").write_text(json.dumps({"config": settings_of(changes)}))
    made = load("prod", tmp_path)

    assert config_of(made.settings, made.viewers_root) == graph.outputs["viewerConfig"]


def settings_of(changes: dict[str, Any]) -> dict[str, Any]:
    """As the stack's file would have them."""
    config = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())["config"]
    for key, value in (stacks.PROD | changes).items():
        config[key if ":" in key else f"dicom-platform:{key}"] = value
    return config


def service(**changes: Any) -> dict[str, Any]:
    ready = {"type": "Ready", "state": "CONDITION_SUCCEEDED"}
    containers = [{"image": f"europe-west4-docker.pkg.dev/my-dev/images/viewer@{ONE}"}]
    return {"name": "s", "template": {"containers": containers}, "terminalCondition": ready} | changes


def looked(google: GoogleApi, **outputs: Any) -> str | None:
    made = stack()
    told = {"viewerConfig": config_of(made.settings, made.viewers_root), **outputs}
    return mismatch(made, told, ONE, google)  # type: ignore[arg-type]


def test_a_service_that_runs_the_image_and_is_ready_is_right() -> None:
    latest = {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}

    assert looked(GoogleApi(service(traffic=[latest, {"revision": "viewer-1", "tag": "before"}]))) is None


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"template": {"containers": [{"image": f"h/viewer@{TWO}"}]}}, f"service viewer has {TWO}, not {ONE}"),
        ({"template": {"containers": [{"image": "h/viewer:tag"}]}}, f"has an image without digest, not {ONE}"),
        (
            {"traffic": [{"revision": "viewer-1", "percent": 100}]},
            "has revision viewer-1, to which its traffic is pinned, not",
        ),
        ({"terminalCondition": {"state": "CONDITION_FAILED", "message": "no port"}}, "viewer is not ready: no port"),
    ],
    ids=["another", "a tag", "pinned", "not ready"],
)
def test_a_service_that_does_not_show_the_image_is_told(changed: dict[str, Any], words: str) -> None:
    assert words in (looked(GoogleApi(service(**changed))) or "")


def test_an_image_with_another_configuration_than_the_stacks_is_told() -> None:
    assert "another configuration" in (looked(GoogleApi(service()), viewerConfig={"path": "/"}) or "")


def test_an_image_that_does_not_serve_what_it_is_built_from_is_not_pushed() -> None:
    class Empty(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Empty)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(OpsRefused, match=r"does not serve what it is built from: .*/index.html is answered 404"):
            viewer_image.ask(stack(), f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        server.server_close()


def test_an_image_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer_image, "START_SECONDS", 0)

    with pytest.raises(OpsRefused, match=r"nothing answers at http://127\.0\.0\.1:1 0 seconds after the image"):
        viewer_image.ask(stack(), "http://127.0.0.1:1")


def test_only_where_a_delivery_owns_the_image_is_there_a_trigger_that_builds_it() -> None:
    def names(**settings: Any) -> set[str]:
        return {made.inputs["name"] for made in stacks.phi(**settings).all("Trigger") if "cloudbuild" in made.type}

    assert names() == {"deploy-prod", "viewer-image", "job-image"}
    assert names(viewerImage="prebuilt") == {"deploy-prod", "job-image"}
