"""Google's APIs as the first hour asks them: as a person, in a project that is new.

An API that was just enabled still answers that it is disabled, for some minutes: that is waited for. Resource Manager
and Service Usage are asked without naming the project that pays: they are what makes it one that can.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from ops.client.google import GoogleApi
from ops.client.refusal import OpsRefused
from ops.client.tokens import TokenSource
from ops.first_hour.person import Person

OF_NO_PROJECT = ("cloudresourcemanager", "serviceusage")
NOT_YET = "it is disabled"
"""In Google's words for an API that is off, or not on everywhere yet."""
ENABLED_AFTER = 600.0
"""Seconds that an API which was just enabled may take."""


class NewProject(GoogleApi):
    """`paying` are credentials that name the project, `bare` ones that do not."""

    def __init__(self, endpoints: Mapping[str, str], paying: TokenSource, bare: TokenSource, person: Person) -> None:
        super().__init__(endpoints, paying)
        self._bare = GoogleApi(endpoints, bare)
        self._person = person

    def send(self, verb: str, api: str, path: str, **options: Any) -> requests.Response:
        """Sends as `GoogleApi` does; waits while the API is not on everywhere. Raises `OpsRefused`."""
        ask = self._bare.send if api in OF_NO_PROJECT else super().send
        answers: list[requests.Response] = []

        def is_on() -> bool:
            try:
                answers.append(ask(verb, api, path, **options))
            except OpsRefused as refused:
                if refused.status != 403 or NOT_YET not in str(refused):
                    raise
                return False
            return True

        if not is_on() and not self._person.wait(f"waiting until Google has the API {api} on", is_on, ENABLED_AFTER):
            raise OpsRefused(f"the API {api} is not on after {ENABLED_AFTER / 60:.0f} minutes; run again later", 403)
        return answers[0]

    def finish(self, api: str, version: str, operation: dict[str, Any], what: str) -> dict[str, Any]:
        """The operation when it is done. Raises `OpsRefused` when it failed, or takes longer than half an hour."""
        state = operation

        def is_done() -> bool:
            nonlocal state
            if not state.get("done"):
                state = self.call("GET", api, f"{version}/{state['name']}")
            return bool(state.get("done"))

        if not self._person.wait(what, is_done, 1800.0):
            raise OpsRefused(f"{what}: it did not end in half an hour; run again")
        if "error" in state:
            raise OpsRefused(f"{what}: {state['error'].get('message')}; run again")
        return state
