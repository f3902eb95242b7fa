"""Taking a resource over that is there already (`import_`), and the proof that nothing about it would change.

Compared is what the program declares, rendered as the request that would create it, with what the API has. What the
program leaves to Google is Google's; some properties it may not leave, since having them or not is not the same thing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from engine.render import MARK

Json = dict[str, Any]
PATHS = ("name",)
"""Fields in which a request says the short name and an answer the full one."""
NOT_LEFT_TO_GOOGLE = ("encryptionSpec", "notificationConfig", "notificationConfigs", "streamConfigs")


def differences(declared: Mapping[str, Any], live: Mapping[str, Any], ignored: Collection[str]) -> list[str]:
    """One phrase for each top-level field that differs; `ignored` are fields that the program does not insist on."""
    return [
        f"{field} is {show(live.get(field))}, declared is {show(declared.get(field))}"
        for field in sorted({*declared, *(name for name in NOT_LEFT_TO_GOOGLE if live.get(name))})
        if field not in ignored
        and field not in PATHS
        and not covers(live.get(field), _without_label(declared.get(field)))
    ]


def _without_label(value: Any) -> Any:
    """Without the label that the provider adds by itself, on what it makes only."""
    if isinstance(value, Mapping):
        return {key: item for key, item in value.items() if MARK.get(key) != item}
    return value


def covers(live: Any, declared: Any) -> bool:
    """Whether the live value is the declared one, apart from fields that only the API fills in."""
    if declared in (None, {}, []):
        return live in (None, {}, [], "", False)
    if isinstance(declared, Mapping) and isinstance(live, Mapping):
        live_fields: Mapping[str, Any] = live
        return all(covers(live_fields.get(key), value) for key, value in declared.items())
    return live == declared


def show(value: Any) -> str:
    return "not set" if value in (None, {}, []) else repr(value)
