"""A site that was just made: Hosting may answer 404 for some minutes, and a release waits for it."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from ops.viewer.hosting import NEW_SITE_SECONDS, HostingApi, HostingError

SITE = "projects/p-1/sites/s"


class Hosting:
    """Has the site, or not, and knows it everywhere after so many requests for its versions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, made: bool, late: int) -> None:
        self.made, self.late, self.waits = made, late, list[float]()
        monkeypatch.setattr(requests.Session, "request", self.request)

    def request(self, verb: str, url: str, **_: Any) -> requests.Response:
        response = requests.Response()
        response.status_code, response._content = 200, b'{"name": "sites/s/versions/1"}'
        if url.endswith(SITE):
            response.status_code = 200 if self.made else 404
        elif self.late:
            self.late -= 1
            response.status_code = 404
        return response

    def api(self) -> HostingApi:
        return HostingApi("https://h.example/", SITE, lambda: "t", pause=self.waits.append)


def test_a_new_site_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    hosting = Hosting(monkeypatch, made=True, late=3)

    assert hosting.api().create_version({}, {}) == "sites/s/versions/1"
    assert len(hosting.waits) == 3


def test_a_site_that_is_not_there_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hosting = Hosting(monkeypatch, made=False, late=3)

    with pytest.raises(HostingError, match=r"404 .* deploy the stack first"):
        hosting.api().create_version({}, {})
    assert hosting.waits == []


def test_waiting_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    hosting = Hosting(monkeypatch, made=True, late=10**6)

    with pytest.raises(HostingError, match="404"):
        hosting.api().create_version({}, {})
    assert NEW_SITE_SECONDS <= sum(hosting.waits) < NEW_SITE_SECONDS + 60
