"""A local cloud that keeps its folder: a job execution after the process was ended in the middle of it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localcloud.awkward import WITHOUT_WAITING
from localcloud.control.special.agents import ensure_agent
from ops.local.session import session
from tests.localcloud.dicom.support import encode, multipart, slide
from tests.localcloud.services.client import LOCATION, PROJECT, Api

RUN = f"run.googleapis.com/v2/{LOCATION}"


def test_an_execution_that_the_end_interrupted_does_not_look_as_if_it_were_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Callable[[Callable[[], Any]], Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "main.py").write_text("import time; print('up'); time.sleep(300)")
    with session(port=0, data=tmp_path / "kept", settings={"project": "dicom-local"}) as parts:
        api = Api(parts)
        apis = {"serviceIds": ["iam.googleapis.com", "run.googleapis.com"]}
        api.call("POST", f"serviceusage.googleapis.com/v1/{PROJECT}/services:batchEnable", apis)
        image = f"europe-west4-docker.pkg.dev/dicom-local/images/prepare@{parts.registry.seed(tmp_path / 'source')}"
        container = {"image": image, "command": ["python", "main.py"]}
        template = {"containers": [container], "serviceAccount": api.account("job-runner")}
        api.call("POST", f"{RUN}/jobs?jobId=prepare", {"template": {"template": template}})
        api.call("POST", f"{RUN}/jobs/prepare:run", {})
        until(lambda: list((parts.cloud.data / "logs").glob("prepare-*.log")))

    with session(port=0, data=tmp_path / "kept", settings={"project": "dicom-local"}) as parts:
        job = Api(parts).call("GET", f"{RUN}/jobs/prepare")

    assert job["latestCreatedExecution"]["completionStatus"] == "EXECUTION_CANCELLED"
    assert "completionTime" in job["latestCreatedExecution"]


KEPT: Any = {"project": "dicom-local", "awkward": WITHOUT_WAITING}
TOPIC = f"{PROJECT}/topics/stored"
PUBSUB = f"pubsub.googleapis.com/v1/{PROJECT}"
HEALTHCARE = f"healthcare.googleapis.com/v1/{LOCATION}/datasets"


def enable(api: Api, *services: str) -> None:
    ids = [f"{service}.googleapis.com" for service in services]
    api.call("POST", f"serviceusage.googleapis.com/v1/{PROJECT}/services:batchEnable", {"serviceIds": ids})


def pull(api: Api) -> list[dict[str, Any]]:
    answer = api.call("POST", f"{PUBSUB}/subscriptions/backlog:pull", {"maxMessages": 100})
    return answer.get("receivedMessages", [])


def acknowledge(api: Api, *received: dict[str, Any]) -> None:
    ids = [one["ackId"] for one in received]
    api.call("POST", f"{PUBSUB}/subscriptions/backlog:acknowledge", {"ackIds": ids})


def publish(api: Api, *texts: str) -> None:
    messages = [{"data": base64.b64encode(text.encode()).decode(), "attributes": {"k": text}} for text in texts]
    api.call("POST", f"{PUBSUB}/topics/stored:publish", {"messages": messages})


def subscribed(api: Api, **more: Any) -> None:
    enable(api, "pubsub")
    api.call("PUT", f"{PUBSUB}/topics/stored", {})
    api.call("PUT", f"{PUBSUB}/subscriptions/backlog", {"topic": TOPIC, **more})


def texts(received: list[dict[str, Any]]) -> list[str]:
    return [base64.b64decode(one["message"]["data"]).decode() for one in received]


def test_a_study_that_was_stored_before_a_restart_is_announced_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with session(port=0, data=tmp_path / "kept", settings=KEPT) as parts:
        api = Api(parts)
        subscribed(api)
        enable(api, "healthcare")
        agent = f"serviceAccount:{ensure_agent(parts.cloud, 'healthcare')}"
        policy = {"policy": {"bindings": [{"role": "roles/pubsub.publisher", "members": [agent]}]}}
        api.call("POST", f"{PUBSUB}/topics/stored:setIamPolicy", policy)
        api.call("POST", f"{HEALTHCARE}?datasetId=d", {})
        store = {"notificationConfig": {"pubsubTopic": TOPIC}}
        api.call("POST", f"{HEALTHCARE}/d/dicomStores?dicomStoreId=raw", store)
        ds = slide()
        body, kind = multipart([encode(ds)])
        headers = {"Content-Type": kind}
        api.raw("POST", f"{HEALTHCARE}/d/dicomStores/raw/dicomWeb/studies", data=body, headers=headers)

    with session(port=0, data=tmp_path / "kept", settings=KEPT) as parts:
        [announced] = texts(pull(Api(parts)))

    assert announced.endswith(f"/instances/{ds.SOPInstanceUID}")


def test_messages_keep_their_state_over_restarts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with session(port=0, data=tmp_path / "kept", settings=KEPT) as parts:
        api = Api(parts)
        subscribed(api, retainAckedMessages=True)
        publish(api, "done", "open")
        received = pull(api)
        acknowledge(api, received[0])
        numbers = [one["message"]["messageId"] for one in received]

    with session(port=0, data=tmp_path / "kept", settings=KEPT) as parts:
        api = Api(parts)
        publish(api, "new")
        again = pull(api)
        assert texts(again) == ["open", "new"]
        assert again[0]["message"] == received[1]["message"]
        assert again[1]["message"]["messageId"] not in numbers
        acknowledge(api, *again)
        api.call("POST", f"{PUBSUB}/subscriptions/backlog:seek", {"time": "2020-01-01T00:00:00Z"})

    with session(port=0, data=tmp_path / "kept", settings=KEPT) as parts:
        assert texts(pull(Api(parts))) == ["done", "open", "new"]


def test_a_deleted_subscription_has_no_messages_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with session(port=0, data=tmp_path / "kept", settings=KEPT) as parts:
        api = Api(parts)
        subscribed(api)
        publish(api, "lost")
        api.call("DELETE", f"{PUBSUB}/subscriptions/backlog")

    with session(port=0, data=tmp_path / "kept", settings=KEPT) as parts:
        api = Api(parts)
        api.call("PUT", f"{PUBSUB}/subscriptions/backlog", {"topic": TOPIC})
        assert pull(api) == []


def test_a_file_that_was_cut_off_keeps_what_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with session(port=0, data=tmp_path / "kept", settings=KEPT) as parts:
        api = Api(parts)
        subscribed(api)
        publish(api, "one", "two")
    [journal] = (tmp_path / "kept").glob("pubsub*")
    journal.write_bytes(journal.read_bytes()[:-9])

    with session(port=0, data=tmp_path / "kept", settings=KEPT) as parts:
        assert texts(pull(Api(parts))) == ["one"]


def test_operations_outlive_a_restart_and_those_cut_off_are_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    host = "healthcare.googleapis.com"
    with session(port=0, data=tmp_path / "kept", settings=KEPT) as parts:
        api = Api(parts)
        enable(api, "healthcare")
        done = api.call("POST", f"{HEALTHCARE}?datasetId=d", {})["name"]
        cut = parts.cloud.operations.new(host, f"{LOCATION}/datasets/d")

    with session(port=0, data=tmp_path / "kept", settings=KEPT) as parts:
        api = Api(parts)
        assert api.call("GET", f"{host}/v1/{done}")["done"]
        failed = api.call("GET", f"{host}/v1/{cut}")
    assert failed["done"]
    assert "restarted" in failed["error"]["message"]


def test_an_execution_that_a_kill_cut_off_does_not_look_as_if_it_were_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with session(port=0, data=tmp_path / "kept", settings=KEPT) as parts:
        name = f"{LOCATION}/jobs/prepare"
        reference = {"name": f"{name}/executions/e", "completionStatus": "EXECUTION_RUNNING"}
        parts.cloud.resources.put("run.googleapis.com", name, {"name": name, "latestCreatedExecution": reference})
        execution = {"name": f"{name}/executions/e", "runningCount": 1, "reconciling": True}
        parts.cloud.resources.put("run.googleapis.com", f"{name}/executions/e", execution)

    with session(port=0, data=tmp_path / "kept", settings=KEPT) as parts:
        api = Api(parts)
        enable(api, "run")
        assert api.call("GET", f"{RUN}/jobs/prepare")["latestCreatedExecution"]["completionTime"]
        ended = api.call("GET", f"{RUN}/jobs/prepare/executions/e")

    assert (ended["reconciling"], ended.get("runningCount")) == (False, None)
