"""How many instances the raw store should hold, by what this job counted in each study: without a listing of studies.

`changes/<study>/<before>-<now>.json` says that a study has another number of instances than its report said; it is
there before the new report is. A run without work adds the changes up into `state/raw-store.json`, an object of one
size, so what that costs follows from what came since the run before and from nothing else.

`state/raw-store/<shards>/<shard>.json` are the numbers by study as they were when all studies were last listed. They
are read and written then alone, some thousand studies in each.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..errors import Conflict
from .records import ABSENT
from .work_items import IN_FLIGHT, RecordObjects

NAME = "state/raw-store.json"
SCHEMA_VERSION = 2
"""Version 1 held every study; it is counted anew."""
CHANGES, SHARDS = "changes/", "state/raw-store/"
MOST_TAKEN = 1_000
"""Changes that are added up in one write."""
STUDIES_IN_SHARD = 1_000


@dataclass(frozen=True, kw_only=True)
class InstanceAccount:
    """What is known of the raw store as a whole."""

    instances: int = 0
    """That it should hold."""
    seen: int = 0
    """That it held when it was asked last, less what was counted as gone since."""
    seen_at: float = 0.0
    """When it was first seen to hold so many, in seconds since 1970."""
    shards: int = 0
    listed: bool = False
    """Whether its studies were ever listed."""
    taken: tuple[str, ...] = ()
    """Names of changes that are in `instances`, and that a run may have been ended before it removed."""

    def with_changes(self, names: Iterable[str]) -> InstanceAccount:
        taken = tuple(names)
        changes = [change for name in taken if (change := _difference(name)) is not None]
        losses = sum(change for change in changes if change < 0)
        return replace(self, instances=self.instances + sum(changes), seen=self.seen + losses, taken=taken)


@dataclass(frozen=True)
class InstanceCounts:
    """The account, its changes and its shards, in `objects`."""

    objects: RecordObjects

    def note_change(self, study: str, before: int, now: int) -> None:
        """Call it before the report of the study says `now`. The same change is noted once, however often it is."""
        if before == now:
            return
        with suppress(Conflict):
            self.objects.write(f"{CHANGES}{study}/{before}-{now}.json", {"schema_version": 1}, ABSENT)

    def load(self) -> tuple[InstanceAccount, int]:
        """The account, with all changes in it, and its generation. Raises Conflict when another run does the same."""
        content, generation = self.objects.read(NAME)
        account = _parse(content)
        self._remove(account.taken)  # by a run that was killed they are counted, and perhaps still there
        names = [name for name in self.objects.names(CHANGES) if name not in account.taken]
        for start in range(0, len(names), MOST_TAKEN):
            account = account.with_changes(names[start : start + MOST_TAKEN])
            generation = self._write(account, generation)
            self._remove(account.taken)
        return account, generation

    def save(self, account: InstanceAccount, before: InstanceAccount, generation: int) -> None:
        """Writes what `load` gave as `before`, where it is another now. Raises Conflict."""
        account = replace(account, taken=())
        if account != before:
            self._write(account, generation)

    def of_last_listing(self, account: InstanceAccount) -> dict[str, int]:
        """Instances by study."""
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            read = pool.map(self.objects.read, self._shard_names(account.shards))
            return {study: count for content, _ in read for study, count in _studies(content).items()}

    def keep_listing(self, counts: Mapping[str, int]) -> int:
        """Writes the numbers by study; returns in how many shards."""
        shards = 1 << math.ceil(math.log2(max(1.0, len(counts) / STUDIES_IN_SHARD)))
        contents: list[dict[str, int]] = [{} for _ in range(shards)]
        for study, count in counts.items():
            contents[_shard(study, shards)][study] = count
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            list(pool.map(self._keep_shard, self._shard_names(shards), contents))
        return shards

    def forget_other_shards(self, shards: int) -> None:
        """Removes those of an earlier number of shards."""
        self._remove(set(self.objects.names(SHARDS)) - set(self._shard_names(shards)))

    def _shard_names(self, shards: int) -> list[str]:
        return [f"{SHARDS}{shards}/{number}.json" for number in range(shards)]

    def _keep_shard(self, name: str, studies: dict[str, int]) -> None:
        content, generation = self.objects.read(name)
        if generation == ABSENT or _studies(content) != studies:
            with suppress(Conflict):  # another run lists, too
                self.objects.write(name, {"schema_version": 1, "studies": studies}, generation)

    def _write(self, account: InstanceAccount, generation: int) -> int:
        return self.objects.write(NAME, {"schema_version": SCHEMA_VERSION, **asdict(account)}, generation)

    def _remove(self, names: Iterable[str]) -> None:
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            list(pool.map(lambda name: self.objects.delete(name, None), names))


def _parse(content: Any) -> InstanceAccount:
    """Of what was never written, is of an older version or spoilt: an account of nothing, which is not listed."""
    try:
        if content["schema_version"] != SCHEMA_VERSION:
            return InstanceAccount()
        fields: dict[str, Any] = {key: content[key] for key in InstanceAccount.__dataclass_fields__}
        fields["taken"] = tuple(fields["taken"])
    except (TypeError, KeyError):
        return InstanceAccount()
    counts = (fields[key] for key in ("instances", "seen", "shards", "listed"))
    readable = all(isinstance(count, int) for count in counts) and isinstance(fields["seen_at"], int | float)
    names_changes = all(str(name).startswith(CHANGES) for name in fields["taken"])
    return InstanceAccount(**fields) if readable and names_changes else InstanceAccount()


def _difference(name: str) -> int | None:
    """By how many instances a change is one; None for what is none."""
    before, _, now = name.removesuffix(".json").rpartition("/")[2].partition("-")
    return int(now) - int(before) if before.isdigit() and now.isdigit() else None


def _studies(content: Any) -> dict[str, int]:
    return content["studies"] if isinstance(content, dict) and isinstance(content.get("studies"), dict) else {}


def _shard(study: str, shards: int) -> int:
    return int.from_bytes(hashlib.sha256(study.encode()).digest()[:8], "big") % shards
