"""The job, started on this run's studies, judges and mends them: one is ready, one gets the levels it lacks."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from smoke_tests.context import Context
from smoke_tests.http import HttpAnswer, until
from smoke_tests.plugin import Notes
from smoke_tests.slide import Instance

EXPECTED = {"complete": ("ready", set[str]()), "base-only": ("ready", {"R09"})}
"""By slide: status of its readiness report, rules that were broken, mended ones included."""
pytestmark = pytest.mark.needs("job", "stow")


def send(run: Context, method: str, url: str, body: Any = None) -> HttpAnswer:
    headers = {"Accept": "application/json", **run.credentials.headers(run.target.writer)}
    if body is not None:
        headers["Content-Type"] = "application/json"
    answer = run.http.send(method, url, headers=headers, body=None if body is None else json.dumps(body).encode())
    assert answer.status == 200, str(answer)
    return answer


def start(run: Context, studies: list[str]) -> str:
    """URL of an execution on these studies of the smoke store; neither the job, its backlog nor another store changes.

    The store is its own viewers' one there, which the job allows where studies are named: it only adds levels.
    """
    where = dict.fromkeys(("DICOMWEB_ROOT", "VIEWER_DICOMWEB_ROOT"), run.target.dicomweb_root)
    container = {
        "args": ["--study", *studies],
        "env": [{"name": name, "value": value} for name, value in where.items()],
    }
    overrides = {"taskCount": 1, "containerOverrides": [container]}
    operation = json.loads(send(run, "POST", run.target.run_url, {"overrides": overrides}).body)
    name = operation.get("metadata", {}).get("name", "")
    assert "/executions/" in name, f"{run.target.run_url} answered with no execution: {operation}"
    return f"{run.target.run_url.partition('/v2/')[0]}/v2/{name}"


def wait_until_ended(run: Context, execution: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        seen = json.loads(send(run, "GET", execution).body)
        return seen if seen.get("completionTime") else None

    return until(look, f"the end of {execution}", run.target.limits.job, pause=run.pause)


def report(run: Context, instance: Instance) -> dict[str, Any]:
    name = f"readiness/{instance.study}/{instance.series}.json"
    return json.loads(send(run, "GET", f"{run.target.records}/o/{quote(name, safe='')}?alt=media").body)


def check_the_job_reports_on_each_study(run: Context, note: Notes) -> None:
    run.slide_is_there()
    slides = {"complete": run.instances, "base-only": run.neighbour}
    began = run.http.clock()
    execution = start(run, [slide[0].study for slide in slides.values()])
    end = wait_until_ended(run, execution)
    note(execution=execution.rpartition("/")[2], seconds_to_view=round(run.http.clock() - began, 1))
    assert not end.get("failedCount"), f"{execution} failed; its log: {end.get('logUri', 'none named')}"
    assert end.get("succeededCount"), f"{execution} ended without a task that succeeded"
    for kind, slide in slides.items():
        document = report(run, slide[0])
        status, rules = EXPECTED[kind]
        broken = {finding["rule"] for finding in (*document["findings"], *document["mended"])}
        assert document["instances"] == len(slide), (
            f"the report on the {kind} slide counts {document['instances']} instances"
        )
        assert (document["status"], broken) == (status, rules), (
            f"the report on the {kind} slide says {document['status']} {sorted(broken)}, not {status} {sorted(rules)}"
        )
        assert not document["withdrawals"], (
            f"of the {kind} slide, which nobody changed, the job took back what it showed"
        )
        text = json.dumps(document)
        assert run.run_id not in text, f"the report on the {kind} slide holds the PatientID"
