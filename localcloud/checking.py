"""Ask the program whether its settings are good before anything listens or is declared.

The program checks its settings before it declares the first resource. So it is run with a provider that makes nothing:
what reaches that provider has passed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from localcloud.engine import DeploymentFailed, StackConfig, run
from localcloud.engine.provider import Declared, Refused


class MakesNothing:
    """A provider that declines whatever is declared."""

    def check(self, declared: Declared) -> dict[str, Any]:
        raise Refused(f"{declared.name} is not made: only the settings are checked")

    def create(self, declared: Declared) -> tuple[str, dict[str, Any]]:
        raise Refused(f"{declared.name} is not made: only the settings are checked")

    def invoke(self, token: str, args: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
        raise Refused(f"{token} is not called: only the settings are checked")


def check_settings(program: Any, stack: StackConfig) -> None:
    """Raise what the program raises about its settings (`pulumi.RunError`); no request is made."""
    with contextlib.suppress(DeploymentFailed):
        run(
            program,
            MakesNothing(),
            project=stack.project_name,
            stack="local",
            config=stack.config,
            secret_keys=stack.secret_keys,
            preview=True,
        )
