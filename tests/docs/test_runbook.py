"""Every alert leads to a section of the runbook, and each command there is typed by a test that follows the section."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.page import RUNBOOK, anchor, sections, typed
from tests.docs.stack import VARIABLES
from tests.harness import Graph
from tests.infra.stacks import prod

HERE = Path(__file__).parent
PROGRAMS = ("curl", "gcloud", "gsutil", "make", "pulumi", "python")
ALERTS, BUDGET = "monitoring/alertPolicy:AlertPolicy", "billing/budget:Budget"


def followed() -> set[str]:
    """Headings of the sections that tests follow; a test fails that leaves a command of its section out."""
    files = HERE.glob("test_runbook_*.py")
    return {heading for file in files for heading in re.findall(r'\bfollow\("([^"]+)"\)', file.read_text())}


def links(graph: Graph) -> dict[str, str]:
    """What tells somebody of something, by name, with the link that it carries."""
    found = {node.name: node.inputs["documentation"]["content"] for node in graph.all(ALERTS)}
    return {**found, **{node.name: node.inputs["displayName"] for node in graph.all(BUDGET)}}


def test_every_command_is_typed_by_a_test() -> None:
    with_commands = {heading for heading, commands in sections().items() if commands}

    assert with_commands - {"Runbook"} == followed()


def test_every_alert_and_the_budget_of_prod_leads_to_a_section_with_commands() -> None:
    there = {anchor(heading) for heading in followed()}
    told = links(prod(billingAccount="012345-6789AB-CDEF01", monthlyBudget=800))

    assert {name for name, text in told.items() if text.rpartition("docs/runbook.md#")[2] not in there} == set()
    assert {name.partition("-")[0] for name in told} == {"alerts", "levels", "spending", "watch"}


def test_what_is_set_once_a_shell_is_what_the_commands_use() -> None:
    [line] = sections()["Runbook"]
    used = {name for commands in sections().values() for name in re.findall(r"\$([A-Z]+)", "\n".join(commands))}

    export, *given = typed(line, {}, {})

    assert export == "export"
    assert {word.partition("=")[0] for word in given} == set(VARIABLES) == used


def test_no_command_that_somebody_is_to_type_hides_in_a_sentence() -> None:
    prose = re.sub(r"^```sh\n.*?^```", "", RUNBOOK.read_text(), flags=re.DOTALL | re.MULTILINE)
    spans = [span.split() for span in re.findall(r"`([^`]+)`", prose)]

    assert [span for span in spans if span[0] in PROGRAMS and re.search(r"(^| )-|[=$]", " ".join(span[1:]))] == []
