"""Requests to Google's REST APIs with one token: JSON in, JSON out, a refusal as one sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

Json = dict[str, Any]
RETRY = Retry(
    total=5,
    backoff_factor=0.5,
    backoff_jitter=0.5,
    status_forcelist=(429, 502, 503, 504),
    allowed_methods=("GET",),
    raise_on_status=False,
)
"""Reads only: a write that was repeated could not tell its own success from somebody else's."""
TIMEOUT = (10, 120)


class Refused(Exception):
    """One sentence with the remedy. `status` is HTTP's; 0 when it is our own refusal or nobody answered."""

    def __init__(self, sentence: str, status: int = 0) -> None:
        super().__init__(sentence)
        self.status = status


class Google:
    """APIs by short name (`storage`, which `endpoints` has at least); roots have a trailing slash and no version."""

    def __init__(self, endpoints: Mapping[str, str], token: Callable[[], str]) -> None:
        self._endpoints, self._token = endpoints, token
        self._session = requests.Session()
        self._session.trust_env = False
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=RETRY))

    def call(self, verb: str, api: str, path: str, body: Any = None, **params: Any) -> Json:
        """The answer's JSON. Raises `Refused`."""
        return self.send(verb, api, path, json=body, params=params).json()

    def _root(self, api: str) -> str:
        """Of an API that is not named: beside Cloud Storage, under its own host."""
        return self._endpoints.get(api) or self._endpoints["storage"].replace("storage.", f"{api}.", 1)

    def send(self, verb: str, api: str, path: str, **options: Any) -> requests.Response:
        """`path` begins with the version. Raises `Refused` for every answer of 400 and more."""
        url = self._root(api) + path
        headers = {"Authorization": f"Bearer {self._token()}", **options.pop("headers", {})}
        try:
            answer = self._session.request(verb, url, headers=headers, timeout=TIMEOUT, **options)
        except requests.RequestException as error:
            raise Refused(f"{verb} {url} got no answer ({type(error).__name__}); run again") from None
        if answer.status_code >= 400:
            raise Refused(f"{verb} {url} was refused: {reason(answer)}", answer.status_code)
        return answer


def reason(answer: requests.Response) -> str:
    """Google's own words, or the status alone."""
    try:
        return f"{answer.status_code} {answer.json()['error']['message']}"
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code} {answer.text[:200].strip()}".strip()
