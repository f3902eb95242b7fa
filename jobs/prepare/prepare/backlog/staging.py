"""Encoded rows of tiles in a bucket for them alone: a container's disk is its memory, so not there.

They are pixels, so only the job reads that bucket, and what is deleted there is gone. Names are deterministic, so a run
that begins again overwrites what a killed one left; the bucket's lifecycle does the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

from .records import Records


@dataclass(frozen=True)
class BucketStage:
    records: Records
    prefix: str = "staged/"

    def put(self, name: str, data: bytes) -> None:
        self.records.put_bytes(self.prefix + name, data)

    def get(self, name: str) -> bytes:
        return self.records.get_bytes(self.prefix + name)

    def clear(self, prefix: str) -> None:
        for name in self.records.names(self.prefix + prefix):
            self.records.delete(name, None)
