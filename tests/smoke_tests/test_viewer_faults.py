"""Check 9 proved: each way in which a released viewer can be wrong without an error on the page is caught."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from smoke_tests import context, runner
from smoke_tests.results import SuiteOutcome
from smoke_tests.target import target_of_url
from tests.smoke_tests import site


@pytest.fixture(autouse=True)
def only_the_viewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(runner.EXPECTED, "quick", (9,))
    monkeypatch.setitem(context.SIZES, "quick", 512)


def check(made: site.Site) -> SuiteOutcome:
    with site.serving(made.answer, made.headers) as url:
        target = target_of_url(
            "http://127.0.0.1:9/dicomWeb", ["viewer"], viewer_url=url, main_root=site.STORE, client_id=site.CLIENT
        )
        return runner.run(target, lambda who: "", profile="quick")


def test_a_sound_release_passes() -> None:
    outcome = check(site.released())

    assert [one.reason for one in outcome.results if one.status == "fail"] == []
    assert outcome.exit_code == 0


def worker_answered_by_the_page(made: site.Site) -> None:
    made.files[site.WORKER] = ("text/html", site.PAGE)


def wasm_typed_as_bytes(made: site.Site) -> None:
    made.files[site.WASM] = ("application/octet-stream", made.files[site.WASM][1])


def wasm_left_out(made: site.Site) -> None:
    del made.files[site.WASM]
    del made.manifest[f"/{site.WASM}"]


def wasm_not_uploaded(made: site.Site) -> None:
    del made.files[site.WASM]


def a_file_changed_after_release(made: site.Site) -> None:
    made.files["index.html"] = ("text/html", site.PAGE.replace(b"viewer", b"hacked"))


def config_for_another_store(made: site.Site) -> None:
    content = made.files["config/local.js"][1].replace(b"/raw/", b"/other/")
    made.files["config/local.js"] = ("text/javascript", content)


def config_of_another_client(made: site.Site) -> None:
    made.files["config/local.js"] = ("text/javascript", site.CONFIG.replace("1-a", "2-b").encode())


def config_answered_by_the_page(made: site.Site) -> None:
    del made.files["config/local.js"]


def manifest_missing(made: site.Site) -> None:
    made.files["release.json"] = ("text/html", site.PAGE)


def policy_missing(made: site.Site) -> None:
    del made.headers["Content-Security-Policy"]


def policy_that_only_reports(made: site.Site) -> None:
    made.headers["Content-Security-Policy-Report-Only"] = made.headers["Content-Security-Policy"]


def policy_open_to_every_store(made: site.Site) -> None:
    made.headers["Content-Security-Policy"] = site.POLICY.replace(f"{site.STORE}/", "https://healthcare.googleapis.com")


def policy_with_eval(made: site.Site) -> None:
    made.headers["Content-Security-Policy"] = site.POLICY.replace(
        "script-src 'self'", "script-src 'self' 'unsafe-eval'"
    )


def framed_by_anybody(made: site.Site) -> None:
    made.headers["Content-Security-Policy"] = site.POLICY.replace("frame-ancestors 'self'", "frame-ancestors *")


def sniffed(made: site.Site) -> None:
    del made.headers["X-Content-Type-Options"]


def missing_files_answered_with_the_page(made: site.Site) -> None:
    made.files["assets/absent/dataLoader.worker.min.js"] = ("text/html", site.PAGE)


def nothing_released(made: site.Site) -> None:
    made.files, made.manifest = {}, {}


CAUGHT: list[tuple[Callable[[site.Site], None], str]] = [
    (worker_answered_by_the_page, r"dataLoader.worker.min.js came as 'text/html', not 'text/javascript'"),
    (wasm_typed_as_bytes, r"decode.wasm answered 200 application/octet-stream; application/wasm was due"),
    (wasm_left_out, r"the release has no wasm decoder"),
    (wasm_not_uploaded, r"decode.wasm answered 404"),
    (a_file_changed_after_release, r"/index.html is not the file that was released"),
    (config_for_another_store, r"the viewer reads \['\S+/other/dicomWeb'\], the stack's store is \S+/raw/dicomWeb"),
    (config_of_another_client, r"the viewer signs in as \['2-b"),
    (config_answered_by_the_page, r"is config/local.js missing and the page served for it\?"),
    (manifest_missing, r"is release.json missing and the page served for it\?"),
    (policy_missing, r"has no policy that forbids by default"),
    (policy_that_only_reports, r"only reports what its policy forbids"),
    (policy_open_to_every_store, r"may connect to \[.*https://healthcare.googleapis.com'\], which is not exactly"),
    (policy_with_eval, r"may evaluate strings"),
    (framed_by_anybody, r"can be framed by \['\*'\]"),
    (sniffed, r"has \{'X-Content-Type-Options': None\}"),
    (missing_files_answered_with_the_page, r"there is no such file, 404 was due"),
    (nothing_released, r"release.json lists no file"),
]


@pytest.mark.parametrize(("broken", "words"), CAUGHT, ids=[broken.__name__ for broken, _ in CAUGHT])
def test_a_broken_release_is_caught(broken: Callable[[site.Site], None], words: str) -> None:
    made = site.released()
    broken(made)

    outcome = check(made)

    reasons = " / ".join(one.reason for one in outcome.results if one.status == "fail")
    assert outcome.exit_code == 1
    assert re.search(words, reasons), reasons
