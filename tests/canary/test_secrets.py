"""A canary in every secret, looked for in everything that a deployment leaves: state, plan, requests, logs, files."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pulumi
import pytest

from engine import Deployment, DeploymentFailed, DirectTransport, RestProvider, load_config, program_of, run
from engine.api_request import ApiRequest
from infra.setting_fields import config_key
from infra.settings import NAMESPACE, Settings
from localcloud.assemble import Parts
from localcloud.server import running
from ops.deliver import drift
from ops.review import comment, compare, cost, graph, plan
from ops.review.dangers import dangers
from ops.review.judge import declared_resources
from policy.check import check
from tests.clock import new_project
from tests.harness import ROOT

CANARY = "ZZSECRET-CANARY-4711"
FORMS = (CANARY, base64.b64encode(CANARY.encode()).decode(), CANARY.encode().hex())
LEAK = "ZZLEAK-4711"
"""Put where it does not belong, by the tests of the search itself."""
DEV: dict[str, Any] = {
    "gcp:project": "my-imaging",
    "jobImageDigest": "sha256:" + "ab" * 32,
    "oauthClientId": "123456789012-abc.apps.googleusercontent.com",
    "githubRepository": "lab/platform",
    "githubInstallationId": 4711,
}
SECRETS = ("github-token", "viewer-config")


@dataclass
class Made:
    """Two deployments of a stack, the second with its secrets' values there, and the cloud they were made in."""

    parts: Parts
    first: Deployment
    second: Deployment
    sent: list[ApiRequest]

    @property
    def data(self) -> Path:
        return self.parts.cloud.data


def deploy(parts: Parts, previous: Deployment | None = None, **settings: Any) -> tuple[Deployment, list[ApiRequest]]:
    loaded = load_config(ROOT, "dev", DEV | settings)
    owner = parts.cloud.iam.token(parts.cloud.iam.owner)
    transport = DirectTransport(parts.plane, f"Bearer {owner}", record=True)
    made = run(
        program_of(ROOT),
        RestProvider(transport, clock=parts.cloud.clock),
        project=loaded.project_name,
        stack="dev",
        config=loaded.config,
        secret_keys=loaded.secret_keys,
        previous=previous,
        clock=parts.cloud.clock,
        sleep=parts.cloud.sleep,
    )
    return made, transport.sent


def ask(parts: Parts, verb: str, path: str, body: Any = None) -> Any:
    owner = f"Bearer {parts.cloud.iam.token(parts.cloud.iam.owner)}"
    answer = parts.plane.handle(
        ApiRequest(host="secretmanager.googleapis.com", method=verb, path=path, body=body, authorization=owner)
    )
    assert answer.status == 200, answer.body
    return answer.body


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with running(new_project(tmp_path_factory.mktemp("data"), "my-imaging")) as parts:
        yield make(parts)


def make(parts: Parts) -> Made:
    parts.cloud.resources.keep(parts.cloud.data / "resources.json")
    first, sent = deploy(parts)
    for name in SECRETS:
        secret = f"/v1/projects/my-imaging/secrets/{name}"
        ask(parts, "POST", f"{secret}:addVersion", {"payload": {"data": FORMS[1]}})
        assert ask(parts, "GET", f"{secret}/versions/latest:access")["payload"]["data"] == FORMS[1]
    second, more = deploy(parts, first, githubTokenVersion=1)
    assert any(node.type.endswith(":Connection") for node in second.resources.values())
    parts.cloud.resources.flush()
    return Made(parts, first, second, sent + more)


def state(made: Made) -> str:
    """What Pulumi would keep: every resource with inputs and outputs, and the stack's outputs."""
    return "\n".join([*map(repr, made.second.resources.values()), json.dumps(made.second.outputs)])


def plan_and_words(made: Made) -> str:
    before, after = (graph.of_deployment("dev", one) for one in (made.first, made.second))
    planned = compare.plan_of(before, after)
    return json.dumps([graph.to_json(before), graph.to_json(after), plan.to_json(planned)])


def planned(made: Made) -> plan.Plan:
    before, after = (graph.of_deployment("dev", one) for one in (made.first, made.second))
    return compare.plan_of(before, after)


def pull_request_comment(made: Made) -> str:
    looked = planned(made)
    controls = check(declared_resources(made.second), today=date(2026, 11, 22))
    reviewed = comment.Reviewed(plan=looked, dangers=dangers(looked), controls=controls)
    return comment.write([reviewed], cost.usage())


def drift_report(made: Made) -> str:
    """Of a stack whose every change was made by somebody else."""
    return drift.report("dev", drift.find_changed(planned(made)))


def requests(made: Made) -> str:
    """Build steps, the job's environment, everything else that is declared."""
    return "\n".join(map(repr, made.sent))


def files(made: Made) -> str:
    """The data folder with its logs, audit logs among them; of the snapshot all but the store of payloads."""
    made.parts.cloud.resources.flush()
    texts = [path.read_text(errors="replace") for path in made.data.rglob("*") if path.is_file()]
    kept = json.loads((made.data / "resources.json").read_text())
    payloads = {name for name in kept["secretmanager.googleapis.com"] if name.endswith("/payload")}
    assert len(payloads) >= len(SECRETS)
    stored = json.dumps({name: kept["secretmanager.googleapis.com"].pop(name) for name in payloads})
    assert FORMS[1] in stored, "the canary is not where it belongs, so not finding it elsewhere proves nothing"
    return "\n".join(
        [json.dumps(kept), *(text for text in texts if '"secretmanager.googleapis.com"' not in text[:99999])]
    )


def audit_log(made: Made) -> str:
    body = {"resourceNames": ["projects/my-imaging"], "pageSize": 1000}
    owner = f"Bearer {made.parts.cloud.iam.token(made.parts.cloud.iam.owner)}"
    entries: list[Any] = []
    while True:
        answer = made.parts.plane.handle(
            ApiRequest(
                host="logging.googleapis.com", method="POST", path="/v2/entries:list", body=body, authorization=owner
            )
        )
        entries += answer.body["entries"]
        if "nextPageToken" not in answer.body:
            text = json.dumps(entries)
            assert "AccessSecretVersion" in text, "reading a secret was not logged"
            return text
        body = {**body, "pageToken": answer.body["nextPageToken"]}


PLACES: dict[str, Callable[[Made], str]] = {
    "state": state,
    "plan": plan_and_words,
    "pull request comment": pull_request_comment,
    "drift report": drift_report,
    "requests": requests,
    "files": files,
    "audit log": audit_log,
}


@pytest.mark.parametrize("place", PLACES)
def test_no_secret_is_found_in(made: Made, place: str) -> None:
    text = PLACES[place](made)

    assert len(text) > 500
    assert [form for form in FORMS if form in text] == []


def test_no_output_of_the_stack_is_a_secret(made: Made) -> None:
    assert made.second.secret_outputs == set()


def test_a_leak_into_a_setting_would_be_found(made: Made, tmp_path: Path) -> None:
    """The search itself: what is in clear in the configuration is in the state, the plan and the requests."""
    with running(new_project(tmp_path, "my-imaging")) as parts:
        leaking, sent = deploy(parts, dataset=LEAK)
    leaked = Made(parts, made.first, leaking, sent)

    for place in (state, plan_and_words, pull_request_comment, requests):
        assert LEAK in place(leaked)


def test_a_leak_into_a_file_or_the_audit_log_would_be_found(made: Made) -> None:
    path = made.data / "logs" / "leak.log"
    path.write_text(LEAK)
    assert LEAK in files(made)
    path.unlink()
    with pytest.raises(AssertionError, match=LEAK):
        ask(made.parts, "GET", f"/v1/projects/my-imaging/secrets/{LEAK}")
    assert LEAK in audit_log(made)


KEYS = [name for name in Settings.model_fields if name != "project"]


@pytest.mark.parametrize("name", KEYS)
def test_a_setting_that_is_a_secret_is_refused_without_showing_it(name: str) -> None:
    key = f"{NAMESPACE}:{config_key(name)}"
    loaded = load_config(ROOT, "local", {key: CANARY})
    parts_seen: list[str] = []

    with pytest.raises((pulumi.RunError, DeploymentFailed)) as refused:
        run(
            program_of(ROOT),
            _Refusing(parts_seen),
            project=loaded.project_name,
            stack="local",
            config=loaded.config,
            secret_keys=[key],
        )

    assert f"{key} is a secret" in str(refused.value)
    assert CANARY not in str(refused.value)
    assert parts_seen == []


class _Refusing:
    """A provider that writes down what it is asked."""

    def __init__(self, seen: list[str]) -> None:
        self._seen = seen

    def create(self, *asked: Any, **more: Any) -> Any:
        self._seen.append(repr(asked))
        raise AssertionError("nothing may be created")

    def invoke(self, *asked: Any, **more: Any) -> Any:
        return self.create(*asked, **more)
