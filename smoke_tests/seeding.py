"""Puts the golden study where the pipeline puts images, reads it back, and writes down once what it looks like.

Done by a person (or the local cloud's owner) who may store into the raw store and add to the records bucket; the smoke
identities may do neither. Running it again changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from smoke_tests import golden
from smoke_tests.compare import frame_digests, parse
from smoke_tests.credentials import Credentials
from smoke_tests.dicomweb import AS_STORED, DicomWeb, DicomwebRefused
from smoke_tests.golden import NoGolden
from smoke_tests.http import Http, until
from smoke_tests.slide import Instance
from smoke_tests.target import SmokeTarget


@dataclass(frozen=True)
class Seeder:
    """`principal` stores and records; `say` tells what is being done, a line at a time."""

    http: Http
    credentials: Credentials
    principal: str | None
    target: SmokeTarget
    say: Callable[[str], None]

    def seed(self) -> str:
        """The golden study's UID, once viewers can see it. Raises `NoGolden`, `DicomwebRefused`, `WaitTimedOut`."""
        if not self.target.raw_root or not self.target.main_root:
            raise NoGolden("the stack's outputs name no raw store; deploy the stack again with this version")
        kept = golden.fetch(self.http, self.target.records, self.credentials, self.principal)
        instances = golden.recall(kept) if kept else golden.draw()
        if kept:
            self.say(f"Recorded before: study {instances[0].study}.")
        else:
            self._store(instances)
            self._record(instances)
        self._await(instances)
        return instances[0].study

    def _in(self, root: str) -> DicomWeb:
        return DicomWeb(self.http, root, self.credentials, self.principal)

    def _store(self, instances: Sequence[Instance]) -> None:
        raw, study = self._in(self.target.raw_root), instances[0].study
        size = sum(len(instance.data) for instance in instances) / 1e6
        self.say(f"Storing {len(instances)} instances ({size:.1f} MB) in {self.target.raw_root} ...")
        answer = raw.stow([instance.data for instance in instances])
        if answer.status not in (200, 409):  # 409: there already, which reading back decides
            raise DicomwebRefused(str(answer))
        for instance in instances:
            path = f"studies/{study}/series/{instance.series}/instances/{instance.uid}"
            if frame_digests(parse(raw.parts(path, AS_STORED)[0].body)) != list(instance.frames):
                raise NoGolden(
                    f"instance {instance.uid} in {self.target.raw_root} has other frames than this version draws, and "
                    f"no record says whether that is right; delete study {study} or restore {golden.OBJECT}"
                )

    def _record(self, instances: Sequence[Instance]) -> None:
        """Write the record unless somebody has just done so."""
        root, _, bucket = self.target.records.partition("storage/v1/b/")
        name = quote(golden.OBJECT, safe="")
        url = f"{root}upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}&ifGenerationMatch=0"
        headers = {"Content-Type": "application/json", **self.credentials.headers(self.principal)}
        body = json.dumps(golden.record(instances)).encode()
        answer = self.http.send("POST", url, headers=headers, body=body)
        if answer.status not in (200, 412):
            raise DicomwebRefused(str(answer))
        self.say(f"Wrote {golden.OBJECT} to the bucket {bucket}.")

    def _await(self, instances: Sequence[Instance]) -> None:
        main, study = self._in(self.target.main_root or ""), instances[0].study
        wanted = {instance.uid for instance in instances}

        def seen() -> bool | None:
            rows = main.search(f"studies/{study}/instances")
            return wanted <= {str(row["00080018"]["Value"][0]) for row in rows} or None

        if not seen():
            self.say("Waiting for the job to bring it to the viewers' store ...")
            until(seen, f"the golden study {study} in {self.target.main_root}", self.target.limits.job, every=0.5)
