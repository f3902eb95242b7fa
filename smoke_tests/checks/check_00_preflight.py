"""Before anything is stored: the target answers its identities, at the right place, with the right time."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest

from smoke_tests.context import Context
from smoke_tests.dicomweb import DicomWeb
from smoke_tests.http import HttpAnswer, until
from smoke_tests.plugin import Notes

SKEW_SECONDS = 120.0


def let_in(store: DicomWeb, seconds: float) -> HttpAnswer:
    """The answer to the smallest search. Fresh grants take minutes, so here, and only here, a 403 is waited out."""

    def ask() -> HttpAnswer | None:
        answer = store.send("GET", "studies", params={"limit": "1"})
        return None if answer.status == 403 else answer

    return until(ask, f"access of {store.principal} to {store.root}", seconds, pause=store.http.pause)


@pytest.mark.needs("qido")
@pytest.mark.parametrize("identity", ["reader", pytest.param("writer", marks=pytest.mark.writes)])
def check_the_store_answers_its_identities(run: Context, note: Notes, identity: str) -> None:
    answer = let_in(run.as_(getattr(run.target, identity)), run.target.limits.granted)
    assert answer.status in (200, 204), str(answer)
    note(identity=getattr(run.target, identity) or "none")
    if run.http.ledger.requests > 1:
        note.warn(f"access worked only after {run.http.ledger.requests} requests: grants are fresh")


@pytest.mark.needs("qido")
def check_the_clocks_agree(run: Context, note: Notes) -> None:
    answer = run.reader.send("GET", "studies", params={"limit": "1"})
    if "Date" not in answer.headers:
        note.warn("the target does not tell the time (no Date header)")
        return
    skew = abs((datetime.now(UTC) - parsedate_to_datetime(answer.headers["Date"])).total_seconds())
    note(skew_seconds=round(skew, 1))
    assert skew <= SKEW_SECONDS, f"the target's clock is {skew:.0f} s off ours; tokens and study dates need agreement"


@pytest.mark.writes
def check_what_is_written_to_is_no_clinical_store(run: Context, note: Notes) -> None:
    target = run.target
    note(store=target.dicomweb_root, environment=target.environment)
    assert target.dicomweb_root != target.main_root, "the store written to is the one that viewers read"
    if target.location:
        where = f"/locations/{target.location}/"
        assert where in target.dicomweb_root, f"{target.dicomweb_root} is not in {target.location}"
