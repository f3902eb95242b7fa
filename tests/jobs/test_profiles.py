"""Colour profiles that a store shows by reference are read and compared, and nobody else is asked for them."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from prepare.checks.rules import findings
from prepare.dicomweb.inspection import inspect
from prepare.dicomweb.store import DicomStore
from prepare.errors import Gone, SeriesFailed
from prepare.model.metadata import tag
from requests.adapters import BaseAdapter

from tests.jobs.fakes import ROOT, Store, item, optical_path
from tests.jobs.matrix import frames

LINKS = ("bulkdata/1", "bulkdata/2")


def store(*profiles: bytes) -> Store:
    """A slide of two levels whose profiles are behind links."""
    made = Store()
    for number, (size, link) in enumerate(zip((512, 256), LINKS, strict=True), 1):
        path = optical_path("1") | {tag("ICCProfile"): {"vr": "OB", "BulkDataURI": link}}
        made.add("1.2", item(f"1.2.1.{number}", size, OpticalPathSequence=[path]), frame=frames.jpeg())
    made.bulks = dict(zip(LINKS, profiles, strict=False))
    return made


def profile(year: int) -> bytes:
    """As much of one as shows that it is one, of its size, with something in it."""
    return (128).to_bytes(4, "big") + bytes(31) + bytes([year]) + b"acsp" + bytes(88)


def problems(made: Store) -> set[str]:
    seen = inspect(made, "1.2", made.instances("1.2"))  # pyright: ignore[reportArgumentType]
    assert not seen.unreadable, seen.unreadable
    return {one.problem for one in findings(seen.slides["1.2.1"]) if one.rule == "R06"}


def test_two_profiles_on_one_slide_are_told() -> None:
    assert problems(store(profile(1), profile(2))) == {"different"}
    assert problems(store(profile(1), profile(1))) == set()


@pytest.mark.parametrize("none", [b"", bytes(1000), profile(1)[:100], b"\0\0\x0f\xff" + profile(1)[4:]])
def test_what_is_no_profile_or_was_cut_off_counts_as_none(none: bytes) -> None:
    assert problems(store(profile(1), none)) == {"partial"}
    assert problems(store(none, none)) == {"unusable"}


def test_a_profile_that_the_store_does_not_have_is_not_compared() -> None:
    assert problems(store(profile(1))) == set()


class Nobody(BaseAdapter):
    """Notes who is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.asked.append(str(request.url))
        raise requests.ConnectionError

    def close(self) -> None: ...


@pytest.mark.parametrize("url", ["https://elsewhere.example/profile", "../../x", f"{ROOT}/studies/../../x"])
def test_a_link_to_somewhere_else_is_not_followed(url: str) -> None:
    nobody, session = Nobody(), requests.Session()
    session.mount("https://", nobody)
    with pytest.raises(Gone):
        DicomStore(ROOT, session).bulk(url)
    assert nobody.asked == []


def test_a_store_that_knows_itself_by_another_name_is_asked_where_we_know_it() -> None:
    nobody, session = Nobody(), requests.Session()
    session.mount("https://", nobody)
    with pytest.raises(SeriesFailed):
        DicomStore(ROOT, session).bulk("http://127.0.0.1/dicom-web/studies/1.2/bulk/3")
    assert nobody.asked == [f"{ROOT}/studies/1.2/bulk/3"]
