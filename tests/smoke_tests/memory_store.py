"""A DICOMweb store of dictionaries in place of the network: search, metadata, delete as a long-running operation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from smoke_tests.credentials import Credentials
from smoke_tests.dicomweb import DicomWeb
from smoke_tests.http import HttpAnswer

BASE = "http://store.invalid/v1/"
STORE = f"{BASE}projects/p/locations/l/datasets/d/dicomStores/smoke/dicomWeb"


def study(uid: str, patient_id: str, name: str = "SMOKE^SYNTHETIC", date: str = "20260102") -> dict[str, Any]:
    """One instance standing for a study, in the DICOM JSON model."""
    return {
        "0020000D": {"vr": "UI", "Value": [uid]},
        "00100020": {"vr": "LO", "Value": [patient_id]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": name}]},
        "00080020": {"vr": "DA", "Value": [date]},
        "00080030": {"vr": "TM", "Value": ["101500"]},
    }


class MemoryStore:
    """Takes the place of `Http`. `studies`: UID -> its instances; a search shows the first of them."""

    def __init__(self, *instances: dict[str, Any]) -> None:
        self.studies: dict[str, list[dict[str, Any]]] = {}
        for instance in instances:
            self.studies.setdefault(instance["0020000D"]["Value"][0], []).append(instance)
        self.log: list[str] = []
        self.operation_error = ""
        self.polls_until_done = 1
        self.pending = ""

    def client(self) -> DicomWeb:
        return DicomWeb(self, STORE, Credentials(lambda who: "token"), "smoke@p")  # type: ignore[arg-type]

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> HttpAnswer:
        path = url.removeprefix(f"{STORE}/").removeprefix(BASE)
        self.log.append(f"{method} {path}")
        status, content = self.answer(method, path.split("/"), dict(params or {}))
        return HttpAnswer(method, url, status, {"Content-Type": "application/json"}, json.dumps(content).encode(), 0.0)

    def answer(self, method: str, path: list[str], query: dict[str, str]) -> tuple[int, Any]:
        if "operations" in path:
            return 200, self.operation()
        if path == ["studies"]:
            return 200, self.search(query)
        if path[1] not in self.studies:
            return 403, {"error": {"code": 403}}
        if method == "DELETE":
            self.pending = path[1]
            return 200, {"name": "projects/p/locations/l/datasets/d/operations/1"}
        return 200, self.studies[path[1]]

    def search(self, query: dict[str, str]) -> list[dict[str, Any]]:
        found = [one[0] for uid, one in self.studies.items() if query.get("StudyInstanceUID", uid) == uid]
        start = int(query.get("offset", 0))
        return found[start : start + int(query.get("limit", 100))]

    def operation(self) -> dict[str, Any]:
        name = "projects/p/locations/l/datasets/d/operations/1"
        self.polls_until_done -= 1
        if self.polls_until_done > 0:
            return {"name": name}
        if self.operation_error:
            return {"name": name, "done": True, "error": {"code": 9, "message": self.operation_error}}
        self.studies.pop(self.pending, None)
        return {"name": name, "done": True, "response": {}}
