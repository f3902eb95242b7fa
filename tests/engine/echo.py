"""A provider without any API: outputs are the inputs, ids are made from names. For tests of the engine's side."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine import Declared, Deployment, Refused, run


@dataclass
class Echo:
    refuses: Mapping[str, Refused] = field(default_factory=dict[str, Refused])
    """Name of a resource or token of a function -> why it is refused."""
    adds: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Outputs beyond the inputs."""
    created: list[Declared] = field(default_factory=list[Declared])
    answers: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What each function returns."""

    def check(self, declared: Declared) -> dict[str, Any]:
        return declared.inputs

    def adopt(self, declared: Declared, id_: str, ignored: Collection[str]) -> tuple[str, dict[str, Any]]:
        raise Refused(f"{id_} cannot be taken over by an echo")

    def create(self, declared: Declared) -> tuple[str, dict[str, Any]]:
        if declared.name in self.refuses:
            raise self.refuses[declared.name]
        self.created.append(declared)
        return f"id/{declared.name}", {**self.adds, **declared.inputs}

    def invoke(self, token: str, args: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
        if token in self.refuses:
            raise self.refuses[token]
        return dict(self.answers)


def go(program: Callable[[], Any], provider: Echo | None = None, **options: Any) -> Deployment:
    """Run over an `Echo` as project `proj`, stack `dev`."""
    defaults: dict[str, Any] = {"project": "proj", "stack": "dev", "config": {"gcp:project": "p"}}
    return run(program, provider or Echo(), **{**defaults, **options})
