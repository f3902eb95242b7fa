from __future__ import annotations

import pytest

from localcloud.hosting import rules
from viewer.headers import FOREVER, ONE_HOUR, SiteContent, expected_headers, firebase_config, serving_config

ROOT = "https://healthcare.googleapis.com/v1/projects/p/locations/l/datasets/d/dicomStores/raw/dicomWeb"
WORKER = "/assets/engine-1/dataLoader.worker.min.js"
CONTENT = SiteContent(
    forever=("/assets/page-1/app.js", WORKER, "/assets/engine-1/x.wasm", "/static/js/main.0a1b.js"),
    an_hour=("/static/js/dataLoader.worker.min.js", "/static/js/openjpegwasm_decode.wasm"),
)
FIREBASE = firebase_config(ROOT, content=CONTENT)


def policy(path: str) -> dict[str, list[str]]:
    parts = [part.split() for part in expected_headers(path, FIREBASE)["Content-Security-Policy"].split("; ")]
    return {name: sources for name, *sources in parts}


def test_the_page_may_talk_to_this_store_its_site_and_the_sign_in_only() -> None:
    assert policy("/")["connect-src"] == [
        f"{ROOT}/",
        "https://accounts.google.com/",
        "https://www.googleapis.com/oauth2/",
        "https://openidconnect.googleapis.com/",
    ]


def test_another_provider_replaces_googles_addresses() -> None:
    local = firebase_config(ROOT, "http://127.0.0.1:8787/accounts.google.com")

    text = expected_headers("/", local)["Content-Security-Policy"]

    assert "http://127.0.0.1:8787/accounts.google.com/" in text
    assert "googleapis.com/oauth2" not in text


def test_only_the_worker_file_may_evaluate_code() -> None:
    assert "'unsafe-eval'" not in policy("/")["script-src"]
    assert "'unsafe-eval'" not in policy("/assets/engine-1/viewer.js")["script-src"]
    assert "'unsafe-eval'" in policy(WORKER)["script-src"]


def test_neither_page_may_load_wasm_and_slim_gets_what_it_was_seen_to_need() -> None:
    slim = expected_headers("/", firebase_config(ROOT, content=SiteContent(slim=True)))["Content-Security-Policy"]
    lite = expected_headers("/", FIREBASE)["Content-Security-Policy"]

    assert "wasm" not in slim + lite
    more = [f"{name} {' '.join(set(sources) - set(lite_sources(lite, name)))}" for name, *sources in words_of(slim)]
    assert [one for one in more if not one.endswith(" ")] == ["img-src blob:", "connect-src 'self'"]


def words_of(policy: str) -> list[list[str]]:
    return [directive.split() for directive in policy.split("; ")]


def lite_sources(policy: str, name: str) -> list[str]:
    return next((sources for directive, *sources in words_of(policy) if directive == name), [])


def test_the_worker_reaches_its_own_site_only() -> None:
    assert policy(WORKER)["connect-src"] == ["'self'"]


def test_the_renewal_frame_is_allowed_and_foreign_frames_are_not() -> None:
    assert policy("/")["frame-ancestors"] == ["'self'"]
    assert policy("/")["frame-src"] == ["'self'", "https://accounts.google.com/"]


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/index.html", "/config/local.js", "/studies/1/series/2", "/release.json"),
        *("/static/js/gone.0a1b.js", "/assets/page-0/app.js", "/assets/page-1/app.js.map", "/static/js/gone.wasm"),
    ],
)
def test_page_config_manifest_and_what_is_missing_are_never_kept(path: str) -> None:
    assert expected_headers(path, FIREBASE)["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/assets/page-1/app.js", FOREVER),
        (WORKER, FOREVER),
        ("/assets/engine-1/x.wasm", FOREVER),
        ("/static/js/main.0a1b.js", FOREVER),
        ("/static/js/dataLoader.worker.min.js", ONE_HOUR),
        ("/static/js/openjpegwasm_decode.wasm", ONE_HOUR),
    ],
)
def test_only_files_under_a_hash_are_kept_for_ever(path: str, kept: str) -> None:
    assert expected_headers(path, FIREBASE)["Cache-Control"] == kept


def test_every_answer_carries_the_security_headers() -> None:
    found = expected_headers("/none", FIREBASE)

    assert found["X-Content-Type-Options"] == "nosniff"
    assert found["Referrer-Policy"] == "no-referrer"
    assert found["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in found["Permissions-Policy"]
    assert "Cross-Origin-Embedder-Policy" not in found


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/studies/1", True),
        ("/studies/1/series/2", True),
        ("/projects/p/locations/l/datasets/d/dicomStores/s/study/1", True),
        ("/logout", True),
        ("/assets/engine-1/dataLoader.worker.min.js", False),
        ("/config/other.js", False),
    ],
)
def test_only_the_viewers_own_addresses_show_the_page(path: str, page: bool) -> None:
    answer = rules.answer(path, {"/index.html": "1"}, serving_config(FIREBASE))

    assert (answer.file == "/index.html") is page


@pytest.mark.parametrize(
    "path", ["/", "/studies/1", "/assets/page-1/app.js", WORKER, "/static/js/x.wasm", "/config/local.js", "/x.wasm"]
)
def test_what_we_expect_is_what_hosting_makes_of_the_config(path: str) -> None:
    assert rules.headers(path, serving_config(FIREBASE)) == expected_headers(path, FIREBASE)
