"""One row of the table of resource types: how a declared resource becomes its API request. Rows are in the siblings.

Templates name inputs (`{location}`), fields of the API's answer (`{answer.name}`), and with `~` the last segment of a
path (`{~topic}`). Paths into inputs are dotted and skip list positions: `template.template.containers.envs`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = dict[str, Any]

PROVIDER_SIDE = frozenset({"project", "deletionPolicy", "deletionProtection"})
"""Inputs that steer the provider and are sent to no API."""


@dataclass(frozen=True, kw_only=True)
class Around:
    """What the inputs do not tell: the provider's project, and the time."""

    project: str
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Row:
    """A type. Inputs that occur in `create` go into the URL, the others into the body, by name, as in the schema."""

    host: str
    """The API's host without `.googleapis.com`."""
    create: str
    """`VERB /path?query` of the creating request."""
    id: str
    """The provider's id; also the resource's path below the version, unless `read` says otherwise."""
    read: str | None = ""
    """Path of the GET that follows; empty: `/<version>/<id>`, None: none is sent."""
    automatic: str = ""
    """Input that is made from the resource's name when it is not declared, where that is not `name` in the URL."""
    adopts: bool = False
    """Read first, and take the resource over when it exists."""
    then: tuple[str, ...] = ()
    """Requests after the creating one."""
    labelled: bool = False
    """Carries the label that marks resources made with Pulumi."""
    sends_body: bool = True
    in_body: frozenset[str] = frozenset()
    """Inputs that are sent in the body although they occur in the URL."""
    skip: frozenset[str] = frozenset()
    """More inputs that steer the provider only."""
    rename: Mapping[str, str] = field(default_factory=dict[str, str])
    """Path of an input -> dotted path of its field, from where the input stands."""
    keep: frozenset[str] = frozenset()
    """Paths of inputs that are sent even when empty, zero or false; others are left out then."""
    numbers: frozenset[str] = frozenset()
    """Paths of int64 inputs that the provider sends as JSON numbers, not as text."""
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Dotted path in the body -> value the provider sends when nothing is declared there. `[]` goes through a list."""
    fallback: Mapping[str, str] = field(default_factory=dict[str, str])
    """What a template uses for an input that is not declared."""
    shape: Callable[[Json, Around], Json] | None = None
    """Reshapes a copy of the inputs where names alone do not do."""
    waits: bool = True
    """Follows the long-running operation, if the answer is one."""
    polls: str = ""
    """API version of the operations, where it is not that of `create`."""
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    """Output -> template, where it is neither an input nor a field of the API's answer of the same name."""

    @property
    def verb(self) -> str:
        return self.create.split(" ", 1)[0]

    @property
    def url(self) -> str:
        return self.create.split(" ", 1)[1]

    @property
    def named_by(self) -> str:
        """The input that gets an automatic name, or nothing."""
        return self.automatic or ("name" if "{name}" in self.create + self.id else "")

    @property
    def version(self) -> str:
        """`v1`; of Cloud Storage `storage/v1`."""
        first, second = self.url.lstrip("/").split("/")[:2]
        return first if first.startswith("v") else f"{first}/{second}"
