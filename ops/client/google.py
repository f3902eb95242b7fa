"""Google's REST APIs with one token: JSON in, JSON out, a refusal as one sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import requests

from ops.client.http import READS, TIMEOUT, plain_session
from ops.client.refusal import OpsRefused
from ops.client.tokens import authorization

Json = dict[str, Any]


class GoogleApi:
    """APIs by short name (`storage`, which `endpoints` has at least); roots have a trailing slash and no version."""

    def __init__(self, endpoints: Mapping[str, str], token: Callable[[], str]) -> None:
        self._endpoints, self._token = endpoints, token
        self._session = plain_session(READS)

    def call(self, verb: str, api: str, path: str, body: Any = None, **params: Any) -> Json:
        """The answer's JSON. Raises `OpsRefused`."""
        return self.send(verb, api, path, json=body, params=params).json()

    def find(self, api: str, path: str, **params: Any) -> Json | None:
        """What is at `path`; None when there is nothing. Raises `OpsRefused` for what may not be seen."""
        try:
            return self.call("GET", api, path, **params)
        except OpsRefused as refused:
            if refused.status == 404:
                return None
            raise

    def _root(self, api: str) -> str:
        """The root of an API that is not named: beside Cloud Storage, under its own host."""
        return self._endpoints.get(api) or self._endpoints["storage"].replace("storage.", f"{api}.", 1)

    def send(self, verb: str, api: str, path: str, **options: Any) -> requests.Response:
        """`path` begins with the version. Raises `OpsRefused` for every answer of 400 and more."""
        url = self._root(api) + path
        headers = {**authorization(self._token), **options.pop("headers", {})}
        try:
            answer = self._session.request(verb, url, headers=headers, timeout=TIMEOUT, **options)
        except requests.RequestException as error:
            raise OpsRefused(f"{verb} {url} got no answer ({type(error).__name__}); run again") from None
        if answer.status_code >= 400:
            raise OpsRefused(f"{verb} {url} was refused: {reason(answer)}", answer.status_code)
        return answer


def reason(answer: requests.Response) -> str:
    """Google's own words, or the status alone."""
    try:
        return f"{answer.status_code} {answer.json()['error']['message']}"
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code} {answer.text[:200].strip()}".strip()
