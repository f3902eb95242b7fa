"""Every resource type of the recording of the real provider, with the names and values that were recorded."""

from __future__ import annotations

import pulumi

from tests.engine.all_types import data, delivery, identity, watch


def program() -> None:
    who = identity.declare()
    stores = data.declare(who)
    delivery.declare(who, stores)
    watch.declare(who, stores)
    pulumi.export("number", who.number)
