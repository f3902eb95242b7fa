"""What every service of one running local cloud shares: its settings, resources, operations, identities, and the tables
in which a service says which of the control plane's methods it answers.

What services need of each other is in `ports.py`, and wired in `assemble.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from localcloud.control.call import Call, Handler
from localcloud.control.operations import Operations
from localcloud.control.resources import Resources
from localcloud.iam.service import Iam
from localcloud.settings import CloudSettings

Check = Callable[[Call], None]
Extra = Callable[[Call, dict[str, Any]], None]
DeleteListener = Callable[[str, str], None]


@dataclass(kw_only=True)
class Cloud(CloudSettings):
    """State of one local cloud."""

    resources: Resources = field(init=False)
    operations: Operations = field(init=False)
    iam: Iam = field(init=False)
    methods: dict[str, Handler] = field(default_factory=dict[str, Handler])
    """Methods answered by a service instead of generic create/get/patch/delete, keyed by `method_id`."""
    checks: dict[str, list[Check]] = field(default_factory=dict[str, list[Check]])
    """Run before a generic method; raise `ApiError` to refuse."""
    extras: dict[str, Extra] = field(default_factory=dict[str, Extra])
    """Run after a generic create or patch with the stored resource, to add output-only fields or to react."""
    on_delete: list[DeleteListener] = field(default_factory=list[DeleteListener])
    """Called with (host, name) after a generic delete, for the resource and for each child that goes with it."""

    def __post_init__(self) -> None:
        self.resources = Resources()
        self.operations = Operations(self.clock, self.resources)
        self.iam = Iam(self, self.resources)
