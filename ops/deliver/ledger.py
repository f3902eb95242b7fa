"""Where release records are kept: each state is an object of its own, numbered, added and never replaced.

Whoever may write to the bucket could add a record that is none, or one of the future. Such a one is passed over in
words, and the one before it counts: a bad record is never believed, and never in the way of the next delivery.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ops.client.google import GoogleApi
from ops.client.refusal import OpsRefused
from ops.deliver.record import Record, believe, parse

ABSENT = 0
"""Number of the record before the first."""
NUMBERED = re.compile(r"\d{9}\.json")


def warn(sentence: str) -> None:
    print(sentence, file=sys.stderr)


@dataclass(frozen=True)
class Ledger:
    """The records of one bucket. `say` gets a sentence for each record that is passed over."""

    google: GoogleApi
    bucket: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    say: Callable[[str], None] = warn

    def read(self, stack: str) -> tuple[Record | None, int]:
        """The newest record that can be believed, and the number of the newest; (None, ABSENT) before the first."""
        first = self._first_versions(stack)
        newest = max(first, default=ABSENT)
        for number in sorted(first, reverse=True):
            name = name_of(stack, number)
            try:
                answer = self.google.send(
                    "GET", "storage", self._path(name), params={"alt": "media", "generation": first[number]}
                )
                record = parse(answer.json())
                believe(record, stack, self.now())
            except ValueError as error:
                self.say(f"gs://{self.bucket}/{name} is no release record ({error}): it is passed over")
                continue
            return record, newest
        return None, newest

    def write(self, record: Record, number: int) -> int:
        """Adds the record after `number`, the newest when it was read; returns its own. Raises `OpsRefused`."""
        name = name_of(record.stack, number + 1)
        try:
            self.put(name, json.dumps(record.as_json(), indent=1) + "\n", ifGenerationMatch=0)
        except OpsRefused as refused:
            if refused.status != 412:
                raise
            raise OpsRefused(
                f"another delivery wrote gs://{self.bucket}/{name} at the same moment and goes on; "
                "this build ends here and changes nothing more",
                412,
            ) from None
        return number + 1

    def put(self, name: str, text: str, **conditions: int) -> None:
        """Writes an object."""
        self.google.send(
            "POST",
            "storage",
            f"upload/storage/v1/b/{self.bucket}/o",
            params={"uploadType": "media", "name": name, **conditions},
            data=text.encode(),
            headers={"Content-Type": "application/json" if name.endswith(".json") else "text/plain; charset=utf-8"},
        )

    def keep(self, folder: Path, prefix: str) -> list[str]:
        """Puts each file of a folder under a prefix, such as the reports of a build's smoke tests."""
        files = sorted(path for path in folder.glob("*") if path.is_file())
        for path in files:
            self.put(prefix + path.name, path.read_text(encoding="utf-8"))
        return [f"gs://{self.bucket}/{prefix}{path.name}" for path in files]

    def _first_versions(self, stack: str) -> dict[int, str]:
        """Number → generation that was written first: a record that somebody overwrote counts as it was."""
        versions: dict[int, str] = {}
        for entry in self._list(f"{FOLDER}/{stack}/"):
            name, generation = str(entry["name"]).rpartition("/")[2], str(entry["generation"])
            if not NUMBERED.fullmatch(name):
                continue
            number = int(name.removesuffix(".json"))
            if number in versions:
                self.say(f"gs://{self.bucket}/{entry['name']} was overwritten: the first version of it counts")
            versions[number] = min(versions.get(number, generation), generation, key=int)
        return versions

    def _list(self, prefix: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = []
        query: dict[str, str] = {"prefix": prefix, "versions": "true"}
        while True:
            try:
                page = self.google.call("GET", "storage", f"storage/v1/b/{self.bucket}/o", **query)
            except OpsRefused as refused:
                if refused.status != 404:
                    raise
                raise OpsRefused(
                    f"gs://{self.bucket} does not exist, where the records of deliveries are: deploy by hand once, "
                    f"which makes it (make deploy STACK={prefix.split('/')[1]}), then start this again",
                    404,
                ) from None
            entries += page.get("items", [])
            if not (token := page.get("nextPageToken")):
                return entries
            query["pageToken"] = token

    def _path(self, name: str) -> str:
        return f"storage/v1/b/{self.bucket}/o/{quote(name, safe='')}"


FOLDER = "releases"


def name_of(stack: str, number: int) -> str:
    return f"{FOLDER}/{stack}/{number:09}.json"


def schema() -> dict[str, Any]:
    """JSON Schema of a record."""
    return json.loads((Path(__file__).parent / "release.schema.json").read_text(encoding="utf-8"))
