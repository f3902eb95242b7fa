"""A records bucket in a bare local cloud, filled as the job fills it."""

from __future__ import annotations

import json
from typing import Any

import requests

from localcloud.cloud import Cloud
from ops.client.google import GoogleApi
from ops.status.records import RecordsReader

BUCKET = "records"


class Bucket:
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.root = cloud.endpoint("storage.googleapis.com")
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {cloud.iam.token(cloud.iam.owner)}"
        made = self.session.post(f"{self.root}storage/v1/b?project={cloud.project}", json={"name": BUCKET}, timeout=10)
        assert made.ok, made.text

    def put(self, name: str, content: Any) -> None:
        url = f"{self.root}upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={name}"
        assert self.session.post(url, data=json.dumps(content), timeout=10).ok

    def word(self, study: str, status: str, *series: tuple[str, str, str], sentence: str = "") -> None:
        """As the job leaves it for viewers; `series` are UID, status and reason."""
        of = [{"series": uid, "status": is_, "reason": why, "sentence": f"{why} is why."} for uid, is_, why in series]
        self.put(f"viewer/{study}.json", {"study": study, "status": status, "sentence": sentence, "series": of})

    def item(self, folder: str, study: str, series: str, attempts: int = 0, reason: str = "") -> None:
        self.put(f"{folder}/{study}/{series}.json", {"study": study, "attempts": attempts, "reason": reason})

    def reader(self) -> RecordsReader:
        token = self.cloud.iam.token(self.cloud.iam.owner)
        return RecordsReader(GoogleApi({"storage": self.root}, lambda: token), BUCKET)
