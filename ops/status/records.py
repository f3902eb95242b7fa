"""The job's records as they are in the bucket: names a page at a time, contents a few at once. Reads nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote

from ops.client.google import GoogleApi, Json
from ops.client.refusal import OpsRefused

PAGE, IN_FLIGHT = 1000, 8


@dataclass(frozen=True)
class RecordsReader:
    google: GoogleApi
    bucket: str

    def names(self, prefix: str) -> Iterator[str]:
        """Names of objects, in order. Raises `OpsRefused`."""
        query = {"prefix": prefix, "maxResults": PAGE, "fields": "items/name,nextPageToken"}
        while True:
            page = self.google.call("GET", "storage", f"storage/v1/b/{self.bucket}/o", **query)
            yield from (str(item["name"]) for item in page.get("items", []))
            if not (token := page.get("nextPageToken")):
                return
            query["pageToken"] = token

    def read(self, name: str) -> Json | None:
        """An object's content; None where it is gone, or no JSON object. Raises `OpsRefused`."""
        path = f"storage/v1/b/{self.bucket}/o/{quote(name, safe='')}"
        try:
            content = json.loads(self.google.send("GET", "storage", path, params={"alt": "media"}).content)
        except ValueError:
            return None
        except OpsRefused as refused:
            if refused.status != 404:
                raise
            return None
        return content if isinstance(content, dict) else None

    def read_all(self, names: Iterable[str]) -> Iterator[tuple[str, Json]]:
        """(name, content) of those that are there, a page at once."""
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            every = iter(names)
            while page := list(islice(every, PAGE)):
                for name, content in zip(page, pool.map(self.read, page), strict=True):
                    if content is not None:
                        yield name, content
