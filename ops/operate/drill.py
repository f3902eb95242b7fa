"""The restore drill: a store exported to a bucket, imported into a scratch store, and compared instance by instance.

Owns: the proof that a copy of the images can be brought back. Deliberately not: keeping copies; what it exported stays
in the bucket until its life cycle ends it, and the scratch store goes at the end, whatever happened.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import requests

from ops.client.dicomweb import UnreadableFile, fetch, instances
from ops.client.google import GoogleApi, Json
from ops.client.instances import difference
from ops.client.refusal import OpsRefused

SCRATCH = "restore-drill"


@dataclass
class DrillReport:
    """What the drill saw. `problems` is empty when every instance came back as it was."""

    instances: int = 0
    bytes: int = 0
    problems: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class Drill:
    """`store` is a full name, `root` the Healthcare API's; `say` gets a line at each step."""

    google: GoogleApi
    session: requests.Session
    root: str
    store: str
    bucket: str
    prefix: str
    say: Callable[[str], None]
    patience: float = 6 * 3600
    """Seconds that an export or import may take."""
    pause: Callable[[float], None] = time.sleep

    @property
    def scratch(self) -> str:
        return f"{self.store.rpartition('/')[0]}/{SCRATCH}"

    def run(self) -> DrillReport:
        """Raises `OpsRefused` when a step cannot be done, such as a scratch store that somebody else is using."""
        uri = f"gs://{self.bucket}/{self.prefix}"
        self.say(f"Exporting {self.store} to {uri} ...")
        self._finish(self._call("POST", f"{self.store}:export", {"gcsDestination": {"uriPrefix": uri}}))
        parent, _, name = self.scratch.rpartition("/dicomStores/")
        self._call("POST", f"{parent}/dicomStores", {}, dicomStoreId=name)
        try:
            self.say(f"Importing it into {self.scratch} ...")
            self._finish(self._call("POST", f"{self.scratch}:import", {"gcsSource": {"uri": f"{uri}/**"}}))
            self.say("Comparing ...")
            return self._compare()
        finally:
            self._call("DELETE", self.scratch)

    def _compare(self) -> DrillReport:
        original, restored = (f"{self.root}v1/{store}/dicomWeb" for store in (self.store, self.scratch))
        try:
            wanted, there = (set(instances(self.session, root)) for root in (original, restored))
        except UnreadableFile as problem:
            raise OpsRefused(f"the stores cannot be compared: {problem}") from None
        report = DrillReport(instances=len(wanted))
        report.problems += [f"{path} did not come back" for path in sorted(wanted - there)]
        report.problems += [f"{path} came back and is not in the store" for path in sorted(there - wanted)]
        with tempfile.TemporaryDirectory(prefix="drill-") as folder:
            files = Path(folder) / "original.dcm", Path(folder) / "restored.dcm"
            for path in sorted(wanted & there):
                try:
                    fetch(self.session, f"{original}/{path}", files[0])
                    fetch(self.session, f"{restored}/{path}", files[1])
                    unlike = difference(*files)
                except UnreadableFile as reason:
                    unlike = f"could not be compared: {reason}"
                report.bytes += files[0].stat().st_size
                if unlike:
                    report.problems.append(f"{path} came back with another content: {unlike}")
        return report

    def _call(self, verb: str, path: str, body: Json | None = None, **query: str) -> Json:
        return self.google.call(verb, "healthcare", f"v1/{path}", body, **query)

    def _finish(self, operation: Json) -> None:
        deadline, wait = time.monotonic() + self.patience, 0.1
        while not (ended := self._call("GET", operation["name"])).get("done"):
            if time.monotonic() + wait > deadline:
                raise OpsRefused(f"{operation['name']} did not end within {self.patience:g} s; it goes on by itself")
            self.pause(wait)
            wait = min(wait * 1.6, 30.0)
        if error := ended.get("error"):
            raise OpsRefused(f"{operation['name']} ended with an error: {error.get('message', error)}")
        failed = ended.get("metadata", {}).get("counter", {}).get("failure", "0")
        if failed != "0":
            raise OpsRefused(f"{operation['name']} left out {failed} files; its log says which")
