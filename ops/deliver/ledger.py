"""Where release records are kept: one JSON object a stack, written only as long as nobody else has written it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ops.client.google import GoogleApi
from ops.client.refusal import OpsRefused
from ops.deliver.record import Record, parse

ABSENT = 0
"""Generation of an object that does not exist; as a precondition: only if it does not exist."""


@dataclass(frozen=True)
class Ledger:
    """The records of one bucket."""

    google: GoogleApi
    bucket: str

    def read(self, stack: str) -> tuple[Record | None, int]:
        """The record and its generation; (None, ABSENT) before the first delivery."""
        name = name_of(stack)
        try:
            answer = self.google.send("GET", "storage", self._path(name), params={"alt": "media"})
        except OpsRefused as refused:
            if refused.status == 404:
                return None, ABSENT
            raise
        try:
            return parse(answer.json()), int(answer.headers["x-goog-generation"])
        except (ValueError, KeyError) as error:
            raise OpsRefused(
                f"gs://{self.bucket}/{name} is no release record ({error}); the bucket keeps its earlier versions: "
                f"gcloud storage ls --all-versions gs://{self.bucket}/{name}"
            ) from None

    def write(self, record: Record, generation: int) -> int:
        """Writes when the object still has `generation`; returns the new one. Raises `OpsRefused` otherwise."""
        name = name_of(record.stack)
        try:
            return self.put(name, json.dumps(record.as_json(), indent=1) + "\n", ifGenerationMatch=generation)
        except OpsRefused as refused:
            if refused.status != 412:
                raise
            raise OpsRefused(
                f"another delivery wrote gs://{self.bucket}/{name} at the same moment and goes on; "
                "this build ends here and changes nothing more",
                412,
            ) from None

    def put(self, name: str, text: str, **conditions: int) -> int:
        """Writes an object; returns its generation."""
        answer = self.google.send(
            "POST",
            "storage",
            f"upload/storage/v1/b/{self.bucket}/o",
            params={"uploadType": "media", "name": name, **conditions},
            data=text.encode(),
            headers={"Content-Type": "application/json" if name.endswith(".json") else "text/plain; charset=utf-8"},
        )
        return int(answer.json()["generation"])

    def keep(self, folder: Path, prefix: str) -> list[str]:
        """Puts each file of a folder under a prefix, such as the reports of a build's smoke tests."""
        files = sorted(path for path in folder.glob("*") if path.is_file())
        for path in files:
            self.put(prefix + path.name, path.read_text(encoding="utf-8"))
        return [f"gs://{self.bucket}/{prefix}{path.name}" for path in files]

    def _path(self, name: str) -> str:
        return f"storage/v1/b/{self.bucket}/o/{quote(name, safe='')}"


def name_of(stack: str) -> str:
    return f"releases/{stack}.json"


def schema() -> dict[str, Any]:
    """JSON Schema of a record."""
    return json.loads((Path(__file__).parent / "release.schema.json").read_text(encoding="utf-8"))
