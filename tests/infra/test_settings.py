"""Settings: what is read, what is refused, in which words, and that nothing happens before that."""

from __future__ import annotations

import socket
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pulumi
import pytest

from engine import Declared, Event, load_config, program_of, run
from infra import config_loader, settings
from tests.infra.bad_combinations import BAD_COMBINATIONS
from tests.infra.bad_settings import BAD_VALUES

ROOT = Path(__file__).resolve().parents[2]
BAD = BAD_VALUES | BAD_COMBINATIONS


class Untouched:
    """A provider that must not be asked anything."""

    def check(self, declared: Declared) -> dict[str, Any]:
        raise AssertionError(f"{declared} was declared although the settings are wrong")

    def create(self, declared: Declared) -> tuple[str, dict[str, Any]]:
        raise AssertionError(declared)

    def invoke(self, token: str, args: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
        raise AssertionError(token)


@contextmanager
def sockets_watched() -> Generator[list[str]]:
    """Names of the socket operations meanwhile; Python reports them to audit hooks, which nothing can go around."""
    used: list[str] = []
    watching = [True]

    def hook(event: str, _: object) -> None:
        if watching and event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto"):
            used.append(event)

    sys.addaudithook(hook)
    yield used
    watching.clear()


def refusal(overrides: dict[str, Any]) -> tuple[str, list[Event]]:
    """What running the program as stack dev says, and every resource that was registered before it did."""
    loaded = load_config(ROOT, "dev", {"gcp:project": "my-imaging-dev", **overrides})
    events: list[Event] = []
    with pytest.raises(pulumi.RunError) as raised:
        run(
            program_of(ROOT),
            Untouched(),
            project=loaded.project_name,
            stack="dev",
            config=loaded.config,
            on_event=events.append,
        )
    return str(raised.value), [event for event in events if event.type != "pulumi:pulumi:Stack"]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.replace(" ", "-"))
def test_a_bad_setting_is_one_line_and_nothing_is_registered_or_connected(case: str) -> None:
    overrides, line = BAD[case]

    with sockets_watched() as used:
        message, registered = refusal(overrides)

    assert message.splitlines() == ["The settings of stack dev have 1 problem:", f"  - {line}"]
    assert registered == []
    assert used == []


def test_all_problems_are_said_at_once_each_with_its_key() -> None:
    message, registered = refusal(
        {
            "gcp:project": None,
            "location": "mars",
            "viewerSit": "slides",
            "protection": "off",
            "dataClass": "deidentified",
            "jobTasks": "many",
            "gcp:storageCustomEndpoint": "http://127.0.0.1",
        }
    )

    head, *lines = message.splitlines()
    assert head == "The settings of stack dev have 6 problems:"
    assert [line.split()[1] for line in lines] == [
        "gcp:project",
        "dicom-platform:location",
        "dicom-platform:jobTasks",
        "dicom-platform:viewerSit",
        "gcp:storageCustomEndpoint",
        "dicom-platform:protection",
    ]
    assert registered == []


def test_as_many_bad_values_as_there_are_settings_are_as_many_lines() -> None:
    """One bad value of every key that has one, all in one run."""
    overrides, lines = dict[str, Any](), set[str]()
    for changed, line in BAD_VALUES.values():
        if not overrides.keys() & changed.keys():
            overrides |= changed
            lines.add(line)

    with sockets_watched() as used:
        message, registered = refusal(overrides)

    head, *said = message.splitlines()
    assert len(lines) > 30
    assert head == f"The settings of stack dev have {len(lines)} problems:"
    assert {line.removeprefix("  - ") for line in said} == lines
    assert (registered, used) == ([], [])


def test_at_least_sixty_bad_settings_are_tried() -> None:
    assert len(BAD) >= 60
    assert not BAD_VALUES.keys() & BAD_COMBINATIONS.keys()


def test_a_combination_is_not_judged_by_a_value_that_is_wrong_by_itself() -> None:
    message, _ = refusal({"protection": "off", "dataClass": "unheard-of"})

    assert len(message.splitlines()) == 2
    assert "dataClass = 'unheard-of'" in message


def test_the_watch_on_sockets_sees_a_connection() -> None:
    with sockets_watched() as used, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))

    assert used == ["socket.bind"]


def read(stack: str, **overrides: Any) -> settings.Settings:
    """The settings as the program would see them."""
    loaded = load_config(ROOT, stack, overrides)
    seen: list[settings.Settings] = []
    run(
        lambda: seen.append(config_loader.load()),
        Untouched(),
        project=loaded.project_name,
        stack=stack,
        config=loaded.config,
    )
    return seen[0]


def test_the_local_stack_needs_nothing_and_is_disposable() -> None:
    local = read("local")

    assert (local.project, local.environment, local.data_class) == ("dicom-local", "local", "synthetic")
    assert not local.protected
    assert local.sign_in_authority == "http://127.0.0.1:8787/accounts.google.com"


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_stack_on_google_needs_only_a_project_and_is_protected(stack: str) -> None:
    made = read(stack, **{"gcp:project": "my-imaging"})

    assert made.environment == stack
    assert made.protected
    assert made.delivery_approval
    assert made.job_image_digest is None
    assert made.sign_in_authority == "https://accounts.google.com"
    assert (made.site, made.site_for_previews) == ("my-imaging-viewer", "my-imaging-preview")


def test_lists_numbers_and_switches_arrive_typed() -> None:
    made = read("dev", **{"gcp:project": "my-imaging", "viewers": ["a@b.org", "c@d.org"], "jobTasks": 3})

    assert made.viewers == ("a@b.org", "c@d.org")
    assert made.job_tasks == 3
    assert made.audit_retention_locked is False


@pytest.mark.parametrize(
    "schedule", ["0 3 * * *", "*/15 * * * *", "0,30 6-18 1 */2 MON-FRI", "5 4 * * 0", "0 0 1 1 SUN,WED"]
)
def test_a_schedule_that_cron_knows_is_accepted(schedule: str) -> None:
    assert read("dev", **{"gcp:project": "my-imaging", "jobSchedule": schedule}).job_schedule == schedule
