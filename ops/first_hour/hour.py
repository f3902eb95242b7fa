"""What the steps of the first hour share: the stack as its file says, Google, Pulumi, and the person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from infra.settings import NAMESPACE, Settings
from ops.client.refusal import OpsRefused
from ops.deliver.stack import Stack, load
from ops.first_hour.access import NewProject
from ops.first_hour.person import Person, PersonNeeded
from ops.first_hour.settings_file import write_setting

HALF_A_DAY = 12 * 3600.0
"""Seconds that a person at a terminal is waited for."""


class StackEngine(Protocol):
    """What makes the stack as the program declares it: the Pulumi CLI."""

    def has_stack(self) -> bool:
        """Whether the state's home has it. Raises `OpsRefused`."""
        ...

    def make_stack(self) -> None:
        """Makes the stack in the state's home, its secrets under the state's key."""
        ...

    def deployed_settings(self) -> Mapping[str, str] | None:
        """`namespace:key` of the last deployment, if that succeeded."""
        ...

    def declared_settings(self) -> Mapping[str, str]:
        """The same of the stack's file as it is now."""
        ...

    def deploy(self) -> None:
        """Once the policy has nothing against it. Raises `OpsRefused`."""
        ...

    def outputs(self) -> dict[str, Any]: ...


@dataclass(frozen=True, kw_only=True)
class FirstHour:
    """`agreed`: what costs or cannot be undone need not be asked for again."""

    stack_name: str
    folder: Path
    google: NewProject
    engine: StackEngine
    person: Person
    run_module: Callable[..., int]
    """Runs one of our commands as a person would: its exit status."""
    agreed: bool = False
    parent: str = ""
    """Organisation or folder in which the project is made; empty for the only one that there is."""

    @property
    def stack(self) -> Stack:
        """The stack as its file says now."""
        return load(self.stack_name, self.folder)

    @property
    def settings(self) -> Settings:
        return self.stack.settings

    @property
    def project(self) -> str:
        return self.settings.project

    @property
    def command(self) -> str:
        return f"make first-hour STACK={self.stack_name}"

    def set(self, key: str, value: str | list[str]) -> None:
        write_setting(self.folder / f"Pulumi.{self.stack_name}.yaml", f"{NAMESPACE}:{key}", value)
        self.person.tell(f"  {key} is set in Pulumi.{self.stack_name}.yaml")

    def require_consent(self, question: str) -> None:
        """Before what costs or cannot be undone. Raises `PersonNeeded` for every answer but yes."""
        if self.agreed:
            self.person.tell(f"  {question} yes (--yes)")
            return
        if not self.person.is_there:
            raise PersonNeeded(f"nobody is there to agree: {question} Say --yes, or run it in a terminal")
        if self.person.answer(f"  {question} [yes/no]").lower() not in ("y", "yes"):
            raise PersonNeeded(f"nothing was done without a yes; {self.command} asks again")

    def wait_for_person(self, what: str, page: tuple[str, ...], notices: str, is_done: Callable[[], bool]) -> None:
        """Says what only a person can do and where, and waits for it at a terminal. Raises `PersonNeeded`."""
        self.stop(what, page, notices)
        if not self.person.is_there:
            raise PersonNeeded(f"{what}: see above, then run again: {self.command}")
        if not self.person.wait(f"waiting: {notices}", is_done, HALF_A_DAY):
            raise PersonNeeded(f"{what}: nobody did in half a day; {self.command} goes on from here")

    def stop(self, what: str, page: tuple[str, ...], notices: str) -> None:
        """The words of what only a person can do."""
        self.person.tell(f"  Only you can do this: {what}")
        for line in page:
            self.person.tell(f"    {line}")
        self.person.tell(f"  How it is noticed: {notices}")

    def ask(self, question: str, wrong: Callable[[str], str]) -> str:
        """An answer that has nothing wrong with it, asked for until it is. Raises `PersonNeeded`."""
        if not self.person.is_there:
            raise PersonNeeded(f"nobody is there to answer: {question} Run it in a terminal: {self.command}")
        while True:
            given = self.person.answer(f"  {question}")
            if not (problem := wrong(given)):
                return given
            self.person.tell(f"  {problem}")

    def run(self, *arguments: str, failed: str) -> None:
        """One of our commands. Raises `OpsRefused` with the sentence when it fails."""
        if status := self.run_module(*arguments):
            raise OpsRefused(f"{failed} (it ended with {status}, see above); then go on with: {self.command}")


@dataclass(frozen=True)
class HourStep:
    """`is_left` only looks; `do` brings it about, and can be repeated after it was cut short."""

    name: str
    is_left: Callable[[FirstHour], bool]
    do: Callable[[FirstHour], None]
