"""The golden study: a synthetic slide that stays where people's images are, and the record of what it must look like.

Read-only runs compare the store with this record. It is made once, when the study is seeded (`smoke_tests.seeding`),
and keeps what was sent then, so that neither another version of this program nor of its image library can move it.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pydicom import dcmread, dcmwrite

from smoke_tests import slide
from smoke_tests.credentials import Credentials
from smoke_tests.http import Http
from smoke_tests.slide import Instance

SCHEMA = 1
RUN_ID = "1"
"""The study's PatientID is GOLDEN-1. A golden study of other content needs another."""
OBJECT = "golden/study.json"
"""In the records bucket."""
SIZE = 4096


class NoGolden(ValueError):
    """There is no usable record of a golden study."""


def draw() -> list[Instance]:
    """The slide as this version draws it, base level first."""
    return slide.make(RUN_ID, size=SIZE, purpose="golden")


def record(instances: Sequence[Instance]) -> dict[str, Any]:
    """What is kept of a slide: the attributes of each instance and a digest of each frame; the coarsest level whole."""
    return {
        "schema": SCHEMA,
        "runId": RUN_ID,
        "study": instances[0].study,
        "series": instances[0].series,
        "instances": [
            {
                "uid": instance.uid,
                "level": instance.level,
                "columns": instance.columns,
                "rows": instance.rows,
                "tile": instance.tile,
                "frames": list(instance.frames),
                "file": base64.b64encode(
                    instance.data if instance is instances[-1] else without_pixels(instance.data)
                ).decode(),
            }
            for instance in instances
        ],
    }


def without_pixels(file: bytes) -> bytes:
    dataset = dcmread(io.BytesIO(file), stop_before_pixels=True)
    out = io.BytesIO()
    dcmwrite(out, dataset)
    return out.getvalue()


def recall(kept: Mapping[str, Any]) -> list[Instance]:
    """The instances of a record. Those but the last have no pixels in their `data`. `NoGolden` when it is unusable."""
    if kept.get("schema") != SCHEMA:
        raise NoGolden(
            f"the record of the golden study has schema {kept.get('schema')!r}, this version reads {SCHEMA}; "
            "run the smoke tests of the version that seeded it, or seed a new study"
        )
    try:
        return [
            Instance(
                study=kept["study"],
                series=kept["series"],
                uid=instance["uid"],
                level=instance["level"],
                columns=instance["columns"],
                rows=instance["rows"],
                tile=instance["tile"],
                frames=tuple(instance["frames"]),
                data=base64.b64decode(instance["file"]),
            )
            for instance in kept["instances"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise NoGolden(f"the record of the golden study has no usable {error}; seed it anew") from None


def fetch(http: Http, records: str, credentials: Credentials, principal: str | None) -> dict[str, Any] | None:
    """The record in the bucket `records` (`…/storage/v1/b/BUCKET`), None without one. `NoGolden`: unreadable."""
    url = f"{records}/o/{quote(OBJECT, safe='')}?alt=media"
    answer = http.send("GET", url, headers=credentials.headers(principal))
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise NoGolden(f"{answer}; {principal or 'the caller'} needs to read {OBJECT} in the records bucket")
    try:
        kept = json.loads(answer.body)
    except ValueError:
        raise NoGolden(f"{url} is not JSON") from None
    if not isinstance(kept, dict):
        raise NoGolden(f"{url} is not a JSON object")
    return kept
