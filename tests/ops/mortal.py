"""Commands that are cut off in the middle."""

from __future__ import annotations

from typing import Any

import requests

from ops.client.google import GoogleApi


class Mortal(GoogleApi):
    """Ends once `last` requests were answered, as a laptop that is closed does; -1 for never."""

    last = -1

    def send(self, verb: str, api: str, path: str, **options: Any) -> requests.Response:
        if self.last == 0:
            raise KeyboardInterrupt
        self.last -= 1
        return super().send(verb, api, path, **options)
