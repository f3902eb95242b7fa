"""Run a program without making anything: what it would declare, with no request sent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from engine import Declared, Deployment, Refused, StackConfig, foretell, run
from engine.foretell import foretell_call
from engine.rest import with_name


class Rehearsing:
    """A provider that makes nothing and tells what it would have made."""

    def check(self, declared: Declared) -> dict[str, Any]:
        return with_name(declared)

    def create(self, declared: Declared) -> tuple[str, dict[str, Any]]:
        raise Refused(f"{declared.name} is not made in a rehearsal")

    def adopt(self, declared: Declared, id_: str, ignored: Collection[str]) -> tuple[str, dict[str, Any]]:
        raise Refused(f"{id_} is not looked at in a rehearsal")

    def invoke(self, token: str, args: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
        if (foretold := foretell_call(token, args)) is not None:
            return foretold
        raise Refused(f"{token} is not called in a rehearsal: nothing is asked before the policy has judged")


def rehearse(program: Callable[[], Any], loaded: StackConfig, stack: str) -> Deployment:
    """What the program declares. Raises what it raises about its settings (`pulumi.RunError`); sends no request."""
    return run(
        program,
        Rehearsing(),
        project=loaded.project_name,
        stack=stack,
        config=loaded.config,
        secret_keys=loaded.secret_keys,
        preview=True,
        foretell=foretell,
    )
