"""Why a deployment failed, in sentences for the person who runs it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.graph import Deployment


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One resource that could not be made, or one function call that was refused (it has neither URN nor name)."""

    type: str
    reason: str
    property: str = ""
    urn: str = ""
    name: str = ""
    position: str = ""

    def __str__(self) -> str:
        where = f" ({self.position})" if self.position else ""
        what = f"{self.property}: " if self.property else ""
        name = f" {self.name!r}" if self.name else ""
        return f"{self.type}{name}{where}: {what}{self.reason}"


class DeploymentFailed(Exception):
    """All that failed, one line each; `deployment` is what came into being nevertheless."""

    def __init__(self, failures: list[Failure], deployment: Deployment) -> None:
        super().__init__("\n".join(str(failure) for failure in failures))
        self.failures = failures
        self.deployment = deployment


class CallRefused(Exception):
    """A call of the program that answers with a value (a function, a look-up) was refused; the program may catch it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure
