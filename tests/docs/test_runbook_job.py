"""The runbook's sections on the job, followed: a backlog, dead letters, failed runs, silence, studies set aside."""

from __future__ import annotations

import base64
import json
from typing import Any

from components.monitoring.watch import WAITING
from smoke_tests import slide
from tests.docs.alerts import raised, waiting
from tests.docs.conftest import Follow
from tests.docs.stack import RECORDS, Stack, until
from tests.local_objects import object_path

LOCATION = "projects/dicom-local/locations/europe-west4"
SCHEDULE = f"cloudscheduler.googleapis.com/v1/{LOCATION}/jobs/prepare-schedule"
RECORDS_POLICY = f"storage.googleapis.com/storage/v1/b/{RECORDS}/iam"
BACKLOG_POLICY = "pubsub.googleapis.com/v1/projects/dicom-local/subscriptions/dicom-instances"


def report(stack: Stack, one: slide.Instance) -> str:
    path = object_path(stack.place.parts.cloud, RECORDS, f"readiness/{one.study}/{one.series}.json")
    return json.loads(path.read_text())["status"] if path else "none"


def arrived(stack: Stack, key: str, **more: Any) -> list[slide.Instance]:
    """A slide in the raw store."""
    made = slide.make(key, size=512, **more)
    for one in made:
        stack.stow(one.data)
    return made


def without(policy: dict[str, Any], member: str) -> dict[str, Any]:
    bindings = [{**one, "members": [m for m in one["members"] if not m.endswith(member)]} for one in policy["bindings"]]
    return {**policy, "bindings": [one for one in bindings if one["members"]]}


def account(stack: Stack, duty: str) -> str:
    return stack.outputs["serviceAccounts"][duty]


def test_images_that_wait_are_prepared_and_what_starts_the_job_works_again(stack: Stack, follow: Follow) -> None:
    walk, title = follow("New images wait for the job"), WAITING.title
    stack.run_job()
    before = stack.api.call("GET", f"run.googleapis.com/v2/{stack.outputs['job']}")["executionCount"]
    stack.api.call("POST", f"{SCHEDULE}:pause", {})
    policy = without(stack.api.call("GET", RECORDS_POLICY), account(stack, "jobStarter"))
    stack.api.call("PUT", RECORDS_POLICY, policy)
    made = arrived(stack, "waits")
    stack.clock.ahead += 3700

    assert raised(stack, title)
    assert len(walk()) == min(before, 5)
    assert {job["name"].rpartition("/")[2]: job["state"] for job in walk()}["prepare-schedule"] == "PAUSED"
    [newest, *_] = walk()
    ended = until(lambda: stack.api.call("GET", f"workflowexecutions.googleapis.com/v1/{newest['name']}")["state"])
    assert ended == "FAILED"
    assert "storage.objects.create" in walk(EXECUTION=newest["name"].rpartition("/")[2])["error"]["payload"]
    assert walk()["succeededCount"] == 1
    assert not raised(stack, title)
    assert report(stack, made[0]) == "ready"
    assert walk()["state"] == "ENABLED"
    walk()
    stack.clock.ahead += 3700
    arrived(stack, "comes later")
    until(lambda: not {"QUEUED", "FAILED"} & {event["state"] for event in events(stack)[:2]})
    walk()
    walk()


def events(stack: Stack) -> list[dict[str, Any]]:
    """Executions of the event workflow, newest first."""
    executions = f"workflowexecutions.googleapis.com/v1/{LOCATION}/workflows/prepare-on-event/executions"
    return stack.api.call("GET", executions)["executions"]


def test_a_dead_letter_is_read_its_study_prepared_and_the_letter_taken_away(stack: Stack, follow: Follow) -> None:
    walk, title = follow("A notification could not be read"), "A notification of new images could not be read"
    stack.run_job()
    made = arrived(stack, "dead letter")
    for _ in range(10):  # as a job that is ended each time before it has read them
        body = {"maxMessages": 1000, "returnImmediately": True}
        assert stack.api.call("POST", f"{BACKLOG_POLICY}:pull", body)["receivedMessages"]
        stack.clock.ahead += 700

    assert raised(stack, title)
    letters = walk()
    assert len(waiting(stack, "dicom-instances-dead")) == len(letters) == len(made)
    paths = [base64.b64decode(letter["message"]["data"]).decode() for letter in letters]
    [study] = {path.split("/studies/")[1].partition("/")[0] for path in paths}
    assert study == made[0].study
    assert walk(STUDY=study)["succeededCount"] == 1
    assert report(stack, made[0]) == "ready"
    assert [one["role"] for one in walk()["bindings"]] == ["roles/pubsub.publisher"]
    stack.clock.ahead += 300
    walk(ACK_ID=",".join(letter["ackId"] for letter in letters))
    assert not raised(stack, title)


def test_a_failed_run_says_what_it_lacks_and_the_next_one_succeeds(stack: Stack, follow: Follow) -> None:
    walk, since = follow("The study job failed"), stack.clock()
    policy = stack.api.call("GET", f"{BACKLOG_POLICY}:getIamPolicy")
    stack.api.call("POST", f"{BACKLOG_POLICY}:setIamPolicy", {"policy": without(policy, account(stack, "job"))})
    stack.run_job(fails=True)

    assert raised(stack, "The study job failed", since)
    [said, *_] = [entry.get("jsonPayload", {}).get("message") or entry["textPayload"] for entry in walk()]
    assert "the job's service account needs pubsub.subscriptions.consume" in said
    walk()
    since = stack.clock()
    assert walk()["succeededCount"] == 1
    assert not raised(stack, "The study job failed", since)


def test_a_job_that_was_silent_for_a_day_is_started(stack: Stack, follow: Follow) -> None:
    walk, title = follow("The study job has not succeeded for a day"), "The study job has not succeeded for a day"
    stack.run_job()
    assert not raised(stack, title)
    stack.clock.ahead += 86_400

    assert raised(stack, title)
    assert 1 in [execution.get("succeededCount") for execution in walk()]  # of which the newest may be going on
    assert walk()["succeededCount"] == 1
    assert not raised(stack, title)


def test_studies_that_were_set_aside_come_back(stack: Stack, follow: Follow) -> None:
    """Two of which the viewers' store has something that the raw store no longer has."""
    walk, since = follow("A study was set aside"), stack.clock()
    stack.run_job()
    earlier, other = slide.make("earlier", size=512), slide.make("other", size=512)
    for made in (earlier, other):
        stack.stow(made[-1].data, "viewer")
        stack.stow(made[0].data)
    stack.run_job("--max-attempts", "1", fails=True)

    assert raised(stack, "A study was set aside", since)
    names = [f"{one[0].study}/{one[0].series}" for one in (earlier, other)]
    assert walk() == sorted(f"gs://{RECORDS}/failed/{name}.json" for name in names)
    said = walk(STUDY=earlier[0].study, SERIES=earlier[0].series)
    assert said["status"] == "failed"
    assert "that this job did not put there" in said["reason"]
    walk(STUDY=earlier[0].study, SERIES=earlier[0].series)
    assert walk(STUDY=earlier[0].study)["succeededCount"] == 1
    assert report(stack, earlier[0]) == "ready"
    assert stack.objects(RECORDS, "failed/") == [f"failed/{names[1]}.json"]
    owner = f"{stack.root('viewer')}/studies/{other[0].study}"
    assert stack.api.raw("DELETE", owner.removeprefix(f"{stack.place.parts.cloud.base}/")).ok
    until(lambda: not stack.instances("viewer", other[0].study))
    assert walk()["succeededCount"] == 1
    assert report(stack, other[0]) == "ready"
    assert stack.objects(RECORDS, "failed/") == []
