"""Requests that parts of the local cloud send to its own APIs, as the service account they act for.

Google's addresses are mapped onto this machine, so nothing here can reach Google or any other host.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from localcloud.cloud import Cloud
from localcloud.errors import ApiError

GOOGLE = re.compile(r"https://([a-z0-9.-]+\.googleapis\.com)(/.*)?")
TOKEN_KEPT = 300.0
"""Seconds that a token of an account is used again; it is good for an hour."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    body: Any
    """Parsed when it is JSON, else text."""
    headers: dict[str, str]

    @property
    def reason(self) -> str:
        """The error in words: Google's message, or the status."""
        error = self.body.get("error") if isinstance(self.body, dict) else None
        return f"{self.status}: {error['message'] if error else self.body}"


class Outbound:
    """One HTTP client for the length of the local cloud; use it on the server's loop only."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._session: aiohttp.ClientSession | None = None
        self._tokens: dict[str, tuple[str, float]] = {}

    def local(self, url: str) -> str:
        """Where an address is served here; `ApiError` 400 for one that is not an API of Google."""
        if match := GOOGLE.fullmatch(url):
            return f"{self.cloud.base}/{match[1]}{match[2] or '/'}"
        if url.startswith(self.cloud.base + "/"):
            return url
        raise ApiError(400, f"{url} is not at *.googleapis.com, and the local cloud calls nothing else.")

    async def send(
        self,
        method: str,
        url: str,
        *,
        account: str | None,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Answer:
        """Send a request with a token of `account` (None: without a token); any status is an answer.

        `body` is bytes, or a value sent as JSON. `ApiError` for an unknown account or address, 503 without an answer.
        """
        sent = dict(headers or {})
        if account:
            sent["Authorization"] = f"Bearer {self._token(account)}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        if self._session is None:
            self._session = aiohttp.ClientSession(auto_decompress=True)
        limit = aiohttp.ClientTimeout(total=timeout)
        try:
            async with self._session.request(
                method, self.local(url), params=query, data=body, headers=sent, timeout=limit
            ) as response:
                text = await response.text()
                return Answer(status=response.status, body=parse(text), headers=dict(response.headers))
        except (aiohttp.ClientError, TimeoutError) as problem:
            raise ApiError(503, f"{method} {url} was not answered: {problem or 'time-out'}.") from problem

    def _token(self, account: str) -> str:
        """A token for the account, kept for some minutes; an account that is gone meanwhile is answered 401."""
        token, until = self._tokens.get(account, ("", 0.0))
        if self.cloud.clock() >= until:
            token = self.cloud.iam.token(account)
            self._tokens[account] = token, self.cloud.clock() + TOKEN_KEPT
        return token

    async def close(self) -> None:
        if self._session:
            await self._session.close()


def parse(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text
