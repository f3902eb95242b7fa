"""Firebase Hosting's REST API, as far as a release needs it: a method a request, refusals as sentences."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
from urllib3 import Retry

from ops.client.http import ALL, TIMEOUT, mount
from ops.client.refusal import OpsRefused
from ops.client.tokens import authorization

Json = dict[str, Any]
FILES_A_CALL = 1000
REMEDY = {
    401: "the token has expired or is none of this project's; get a new one",
    403: "the caller needs roles/firebasehosting.admin on the site's project",
    404: "deploy the stack first, and check that the outputs are this stack's",
    429: "Hosting's quota is used up; wait, or remove old versions",
}


NEW_SITE_SECONDS = 300.0
"""So long a site that was just made may not be known to all of Hosting (Google: "several minutes")."""


class HostingError(OpsRefused):
    """Hosting refused, or could not be reached; one sentence with the remedy."""


class HostingApi:
    """Requests about one site, or one channel of it (`channel` is its id).

    `endpoint` has a trailing slash and no version; `site` is `projects/P/sites/S`.
    """

    def __init__(
        self,
        endpoint: str,
        site: str,
        token: Callable[[], str],
        *,
        channel: str = "",
        retry: Retry = ALL,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.root = f"{endpoint}v1beta1/"
        self.site = site
        self.channel = channel
        self._token = token
        self._pause = pause
        # A repeated create leaves a version that nobody finalizes, which does no harm.
        self._session = mount(requests.Session(), retry)

    def live(self) -> Json | None:
        """The newest release, or None before the first."""
        return next(iter(self.releases(1)), None)

    def releases(self, count: int) -> list[Json]:
        """Newest first."""
        answer = self._call("GET", f"{self._released}/releases", params={"pageSize": count})
        return answer.get("releases", [])

    def open_channel(self, seconds: int) -> str:
        """Make the channel, or let it live `seconds` from now; gives its URL."""
        body = {"ttl": f"{seconds}s"}
        channels = self._call("GET", f"{self.site}/channels", params={"pageSize": 100}).get("channels", [])
        if any(entry["name"].rsplit("/", 1)[1] == self.channel for entry in channels):
            channel = self._call("PATCH", self._released, params={"updateMask": "ttl"}, json=body)
        else:
            channel = self._call("POST", f"{self.site}/channels", params={"channelId": self.channel}, json=body)
        return channel["url"]

    def create_version(self, config: Mapping[str, Any], labels: Mapping[str, str]) -> str:
        return self._call("POST", f"{self.site}/versions", json={"config": config, "labels": labels})["name"]

    def populate(self, version: str, files: Mapping[str, str]) -> tuple[str, set[str]]:
        """Tell the version its files (path → hash); gives the URL for uploads and the hashes that are missing there."""
        url, missing = "", set[str]()
        items = sorted(files.items())
        for start in range(0, len(items), FILES_A_CALL):
            batch = dict(items[start : start + FILES_A_CALL])
            answer = self._call("POST", f"{self._full(version)}:populateFiles", json={"files": batch})
            url = answer["uploadUrl"]
            missing.update(answer.get("uploadRequiredHashes", []))
        return url, missing

    def upload(self, url: str, digest: str, content: bytes) -> None:
        headers = {"Content-Type": "application/octet-stream"}
        self._request("POST", f"{url}/{digest}", data=content, headers=headers)

    def finalize(self, version: str) -> None:
        self._call("PATCH", self._full(version), params={"updateMask": "status"}, json={"status": "FINALIZED"})

    def release(self, version: str, *, kind: str = "DEPLOY", message: str = "") -> Json:
        body = {"type": kind, "message": message}
        return self._call("POST", f"{self._released}/releases", params={"versionName": version}, json=body)

    @property
    def _released(self) -> str:
        """What gets releases; versions always belong to the site."""
        return f"{self.site}/channels/{self.channel}" if self.channel else self.site

    def _full(self, version: str) -> str:
        """Hosting answers `sites/S/versions/V`; permissions are looked up under the project."""
        return f"{self.site}/versions/{version.rsplit('/', 1)[1]}"

    def _call(self, verb: str, path: str, **options: Any) -> Json:
        """Calls Hosting; of a site that was just made asks again for some minutes while Hosting has the site and
        yet answers 404.
        """
        waited = 0.0
        while True:
            try:
                return self._request(verb, self.root + path, **options).json()
            except HostingError as error:
                if error.status != 404 or waited >= NEW_SITE_SECONDS or not self._site_exists():
                    raise
            wait = min(5.0 + waited / 4, 30.0)
            self._pause(wait)
            waited += wait

    def _site_exists(self) -> bool:
        try:
            self._request("GET", self.root + self.site)
        except HostingError:
            return False
        return True

    def _request(
        self, verb: str, url: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> requests.Response:
        sent = {**authorization(self._token), **(headers or {})}
        try:
            answer = self._session.request(verb, url, headers=sent, timeout=TIMEOUT, **options)
        except requests.RequestException as error:
            raise HostingError(f"Hosting at {self.root} cannot be reached ({_cause(error)}); is it up?") from error
        if not answer.ok:
            remedy = REMEDY.get(answer.status_code, "nothing was released")
            sentence = f"Hosting answered {answer.status_code} to {verb} {url}: {_message(answer)} — {remedy}"
            raise HostingError(sentence, answer.status_code)
        return answer


def _message(answer: requests.Response) -> str:
    try:
        return answer.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return answer.text[:200] or answer.reason


def _cause(error: BaseException) -> str:
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return str(error) or type(error).__name__
