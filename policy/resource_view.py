"""How a rule reads a resource: by dotted path; what is absent is None, what is unknown is never overlooked.

Properties are plain `dict`s and lists, as every front end makes them: asking for the abstract `Mapping` costs as much
as all else the rules do.
"""

from __future__ import annotations

import functools
from typing import Any, cast

from policy.resource import UNKNOWN, Resource


class Undecided(Exception):
    """A rule asked for a value that only the deployment will tell."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Seen:
    """One resource as a rule sees it. In a path `[]` stands for every item: `template.containers[].image`."""

    __slots__ = ("resource",)

    def __init__(self, resource: Resource) -> None:
        self.resource = resource

    @property
    def type(self) -> str:
        return self.resource.type

    @property
    def name(self) -> str:
        return self.resource.name

    @property
    def protect(self) -> bool:
        return self.resource.protect

    def get(self, path: str) -> Any:
        """The value at a path without `[]`; None when it or anything on the way is absent. Raises `Undecided`."""
        value: Any = self.resource.properties
        for key, _ in steps(path):
            value = cast("dict[str, Any]", value).get(key) if isinstance(value, dict) else None
            if value is UNKNOWN:
                raise Undecided(path)
        return require_known(value, path)

    def each(self, path: str) -> list[Any]:
        """Values at a path with `[]`, None for an item that has none; nothing when a list is absent or empty."""
        values: list[Any] = [self.resource.properties]
        for key, is_list in steps(path):
            all_values: list[Any] = []
            for value in values:
                value = cast("dict[str, Any]", value).get(key) if isinstance(value, dict) else None
                if value is UNKNOWN:
                    raise Undecided(path)
                if not is_list:
                    all_values.append(value)
                elif isinstance(value, list):
                    all_values += cast("list[Any]", value)
            values = all_values
        return [require_known(value, path) for value in values]


@functools.cache
def steps(path: str) -> tuple[tuple[str, bool], ...]:
    """Key, and whether the list under it is gone through."""
    return tuple((step.removesuffix("[]"), step.endswith("[]")) for step in path.split("."))


def require_known(value: Any, path: str) -> Any:
    """The value itself; raises `Undecided` when it is unknown or anything in it is."""
    if value is None or isinstance(value, str):
        return value
    if value is UNKNOWN:
        raise Undecided(path)
    if isinstance(value, dict):
        for item in cast("dict[str, Any]", value).values():
            require_known(item, path)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            require_known(item, path)
    return value
