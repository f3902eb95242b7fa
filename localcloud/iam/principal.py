"""Who a request comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["user", "group", "serviceAccount"]


@dataclass(frozen=True)
class Principal:
    """An identity that can hold a token."""

    email: str
    kind: Kind
    scopes: frozenset[str] = frozenset()
    """What the token may be used for; none: everything."""

    @property
    def member(self) -> str:
        """The name as written in policies: `serviceAccount:job@p.iam.gserviceaccount.com`."""
        return f"{self.kind}:{self.email}"
