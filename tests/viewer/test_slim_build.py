from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from localcloud.hosting import rules
from ops.viewer.release import release
from ops.viewer.verify import faults
from tests.localcloud.hosting.platform import Platform
from tests.viewer import slim_layout
from viewer.application import SlimSource, assemble
from viewer.build import CONFIG, MANIFEST, FileSet, guard_worker
from viewer.config import parse_js, window_config
from viewer.headers import FOREVER, ONE_HOUR, expected_headers, firebase_config, serving_config
from viewer.slim_archive import unpack
from viewer.slim_build import build, site_content
from viewer.slim_pin import SAVES, SlimError

ROOT = "https://healthcare.googleapis.com/v1/projects/p/locations/l/datasets/d/dicomStores/raw/dicomWeb"
SETTINGS = window_config(dicomweb_root=ROOT, client_id="1-a.apps.googleusercontent.com")
WORKER = "static/js/dataLoader.worker.min.js"
REF = "slim v9.9.9 c0ffee000000"


@pytest.fixture
def app(tmp_path: Path) -> dict[str, bytes]:
    return unpack(slim_layout.write(tmp_path / "slim.zip"))


@pytest.fixture
def files(app: dict[str, bytes]) -> FileSet:
    return build(SETTINGS, app, REF)


def served_with(files: FileSet) -> dict[str, Any]:
    return firebase_config(ROOT, content=site_content(files))


def test_the_config_is_ours_and_slims_own_examples_are_left_out(files: FileSet) -> None:
    assert parse_js(files.files[CONFIG].decode()) == SETTINGS
    assert {path for path in files.files if path.startswith("/config/")} == {"/config/env.js", CONFIG}


@pytest.mark.parametrize("saves", [True, False])
def test_only_a_build_that_was_seen_to_save_gets_drawing_tools(tmp_path: Path, saves: bool) -> None:
    archive, passes = slim_layout.write(tmp_path / "slim.zip"), tmp_path / "passes.json"
    pinned = slim_layout.pin(sha256=hashlib.sha256(archive.read_bytes()).hexdigest())
    pin = slim_layout.write_pin(tmp_path / "pin.toml", pinned)
    passes.write_text(json.dumps({pinned.build: {"can": [SAVES] if saves else []}}))
    annotating = window_config(dicomweb_root=ROOT, client_id="1-a.apps.googleusercontent.com", annotate=True)

    made, _ = assemble("slim", annotating, SlimSource(archive=archive, pin=pin, passes=passes, cache=tmp_path))

    shown = parse_js(made.files[CONFIG].decode())
    assert (shown["disableAnnotationTools"], shown["servers"][0]["write"]) == (not saves, saves)


def test_source_maps_stay_at_home(files: FileSet) -> None:
    assert not [path for path in files.files if path.endswith(".map")]


def test_everything_else_is_slims_own(files: FileSet) -> None:
    for name, content in slim_layout.FILES.items():
        if name not in ("config/local.js", "config/demo.js", WORKER) and not name.endswith(".map"):
            assert files.files[f"/{name}"] == content


def test_its_decoder_worker_stands_behind_our_guard(files: FileSet) -> None:
    assert files.files[f"/{WORKER}"] == guard_worker(slim_layout.FILES[WORKER])


def test_a_build_without_the_engines_worker_is_refused(app: dict[str, bytes]) -> None:
    del app[f"/{WORKER}"]

    with pytest.raises(SlimError, match=r"has no dataLoader\.worker\.min\.js"):
        build(SETTINGS, app, REF)


def test_the_manifest_names_the_ref_and_leaves_slims_web_manifest_alone(files: FileSet) -> None:
    told = json.loads(files.files[MANIFEST])

    assert (told["app"], told["ref"]) == ("slim", REF)
    assert "/manifest.json" in told["files"]
    assert files.ref == REF


def test_the_overlay_lies_over_slims_files(app: dict[str, bytes], tmp_path: Path) -> None:
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    (overlay / "404.html").write_text("gone")
    (overlay / "logo192.png").write_bytes(b"ours")

    files = build(SETTINGS, app, REF, overlay)

    assert files.files["/logo192.png"] == b"ours"
    assert files.files["/404.html"] == b"gone"


def test_a_link_in_the_overlay_is_refused(app: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "overlay").mkdir()
    (tmp_path / "overlay/passwords.txt").symlink_to("/etc/passwd")

    with pytest.raises(SlimError, match=r"passwords\.txt in the overlay is a link"):
        build(SETTINGS, app, REF, tmp_path / "overlay")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"/index.html": b"<script src=/config/gcp.js></script>"}, "does not load /config/local.js"),
        ({"/tool.exe": b"MZ"}, r"/tool\.exe of slim v9\.9\.9 c0ffee000000 is of a kind that is not served"),
        ({"/release.json": b"{}"}, r"brings /release\.json, which the release writes itself"),
    ],
)
def test_what_cannot_be_served_as_slim_is_refused(
    app: dict[str, bytes], change: dict[str, bytes], sentence: str
) -> None:
    with pytest.raises(SlimError, match=sentence):
        build(SETTINGS, {**app, **change}, REF)


def test_a_field_that_slim_would_not_understand_is_not_built(app: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match=r"window\.config\.colour is not a field that SLIM knows"):
        build({**SETTINGS, "colour": "blue"}, app, REF)


def test_scripts_that_stand_in_its_pages_are_allowed_by_hash_and_no_others(files: FileSet) -> None:
    policy = expected_headers("/", served_with(files))["Content-Security-Policy"]
    digest = base64.b64encode(hashlib.sha256(slim_layout.INLINE.encode()).digest()).decode()
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))

    assert f"'sha256-{digest}'" in scripts
    assert scripts.count("sha256-") == 2
    assert "'unsafe-inline'" not in scripts
    assert "'unsafe-eval'" not in scripts


def test_the_lite_page_gets_none_of_slims_allowances() -> None:
    policy = expected_headers("/", firebase_config(ROOT))["Content-Security-Policy"]

    assert "img-src 'self';" in policy
    assert "sha256-" not in policy
    assert f"connect-src {ROOT}/ " in policy


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/static/js/main.0a1b2c3d.js", FOREVER),
        ("/static/js/453.8d9e0f1a.chunk.js", FOREVER),
        ("/static/media/logo.1a2b3c4d5e6f.svg", FOREVER),
        ("/static/js/dataLoader.worker.min.js", ONE_HOUR),
        ("/static/js/openjpegwasm_decode.wasm", ONE_HOUR),
        ("/static/js/libjpegturbowasm_decode.wasm", ONE_HOUR),
        ("/static/js/absent.0a1b2c3d.js", "no-store"),
        ("/static/js/main.0a1b2c3d.js/x", "no-store"),
        ("/static/js/mainx0a1b2c3d.js", "no-store"),
        ("/manifest.json", "no-store"),
        ("/config/local.js", "no-store"),
        ("/index.html", "no-store"),
    ],
)
def test_only_what_carries_a_hash_is_kept_for_ever(files: FileSet, path: str, kept: str) -> None:
    assert expected_headers(path, served_with(files))["Cache-Control"] == kept


def test_unhashed_files_of_a_vite_build_are_not_kept_for_ever(app: dict[str, bytes]) -> None:
    vite = {"/assets/index-B3xYz12a.js": b"x", "/assets/openjpegwasm_decode.wasm": b"y"}

    firebase = served_with(build(SETTINGS, {**app, **vite}, REF))

    assert expected_headers("/assets/index-B3xYz12a.js", firebase)["Cache-Control"] == FOREVER
    assert expected_headers("/assets/openjpegwasm_decode.wasm", firebase)["Cache-Control"] == ONE_HOUR


def test_what_we_expect_is_what_hosting_makes_of_it(files: FileSet) -> None:
    firebase = served_with(files)

    for path in [*files.files, "/", "/studies/1", "/none"]:
        assert rules.headers(path, serving_config(firebase)) == expected_headers(path, firebase)


def test_an_archive_with_slims_layout_is_released_and_verified(served: Platform, app: dict[str, bytes]) -> None:
    config = served.config()
    files = build(config, app, REF)
    firebase = firebase_config(config["servers"][0]["url"], config["oidc"]["authority"], site_content(files))

    first = release(served.hosting(), files, firebase)
    changed = FileSet({**files.files, "/static/js/main.0a1b2c3d.js": b"start(2)"}, ref=REF)
    second = release(served.hosting(), changed, firebase)

    assert (first.uploaded, second.uploaded) == (len(files.files), 1)
    assert faults(served.url, changed, config, firebase) == []
    live = served.hosting().live()
    assert live is not None
    assert live["version"]["labels"]["ref"] == "slim-v9-9-9-c0ffee000000"
