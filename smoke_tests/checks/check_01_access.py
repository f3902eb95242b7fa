"""Who must be refused is refused, with an answer that says why; the viewer's pages are let in."""

from __future__ import annotations

import pytest

from smoke_tests.context import Context
from smoke_tests.http import HttpAnswer
from smoke_tests.plugin import Notes

WRITE = "healthcare.dicomStores.dicomWebWrite"
EMPTY = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=none'}
"""A store request without any instance: changes nothing where it is allowed."""
ASKED = "authorization,accept,content-type"


@pytest.mark.needs("auth")
@pytest.mark.parametrize("authorization", [None, "Bearer not-a-token"], ids=["none", "unknown"])
def check_a_caller_without_a_valid_token_is_refused(run: Context, authorization: str | None) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    answer = run.anonymous.send("GET", "studies", params={"limit": "1"}, headers=headers)
    assert answer.status == 401, f"{answer}; 401 was due"


@pytest.mark.writes
@pytest.mark.needs("roles", "stow")
def check_a_reader_cannot_store(run: Context) -> None:
    instance = run.neighbour[0]
    run.tracker.expect(instance.study)
    answer = run.reader.stow([instance.data])
    assert answer.status == 403, f"{answer}; 403 was due"
    assert WRITE in answer.text, f"{answer}; it does not name the permission {WRITE}"
    assert not run.writer.search("studies", StudyInstanceUID=instance.study), "it was refused and stored all the same"


@pytest.mark.writes
@pytest.mark.needs("roles", "stow")
def check_the_smoke_identity_cannot_write_where_viewers_read(run: Context) -> None:
    main = run.as_(run.target.writer, run.target.main_root)
    answer = main.send("POST", "studies", headers=EMPTY, body=b"--none--\r\n")
    assert answer.status == 403, f"{answer}; 403 was due: it could change clinical images"


def preflight(run: Context, origin: str, method: str) -> HttpAnswer:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": ASKED}
    url = f"{run.target.main_root or run.target.dicomweb_root}/studies"
    return run.http.send("OPTIONS", url, headers={"Origin": origin, **asked})


@pytest.mark.needs("cors")
@pytest.mark.parametrize("method", ["GET", "POST"])
def check_the_viewers_origin_is_let_in(run: Context, note: Notes, method: str) -> None:
    answer = preflight(run, run.target.origin, method)
    allowed = answer.headers.get("Access-Control-Allow-Origin", "")
    assert answer.status in (200, 204), str(answer)
    assert allowed in ("*", run.target.origin), f"{answer}; it allows origin {allowed!r}, not {run.target.origin}"
    methods = answer.headers.get("Access-Control-Allow-Methods", "")
    assert method in methods.replace(" ", "").split(","), f"{answer}; it allows methods {methods!r}, not {method}"
    headers = answer.headers.get("Access-Control-Allow-Headers", "").lower().replace(" ", "").split(",")
    missing = {"authorization", "content-type"} - set(headers)
    assert not missing or "*" in headers, f"{answer}; it does not allow the headers {', '.join(sorted(missing))}"
    # Tokens protect the store, not origins; so what a stranger's page is told is written down, not judged.
    stranger = preflight(run, "https://stranger.invalid", method)
    note(strangers_origin_allowed=stranger.headers.get("Access-Control-Allow-Origin", "no"))
