"""Canaries in a stack at work: a secret that its maker's shell and its vault hold, and words of a patient in a slide.

Looked for in what is left behind by loading, preparing and smoke-testing, and in the environment of the job as it runs.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pydicom
import pytest

from smoke_tests import reports
from smoke_tests.credentials import NoToken
from smoke_tests.runner import run
from smoke_tests.target import Limits, SmokeTarget, from_outputs
from tests.canary.test_secrets import CANARY, FORMS, LEAK
from tests.e2e.conftest import Platform, deployed
from tests.e2e.tiles import TILES
from tests.e2e.tiles_slide import write_slide
from tests.local_objects import object_names, object_path

PATIENT = "ZZPHI4711"
NAMED = ("PatientName", "PatientID", "AccessionNumber", "StudyDescription", "ContainerIdentifier")
SHELL = ("GITHUB_TOKEN", "PULUMI_CONFIG_PASSPHRASE", "GOOGLE_OAUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN")
"""Variables of whoever runs `make up` that hold secrets."""
SHORT = Limits(found=5, deleted=10, job=60, granted=5, announced=10, audited=5)
NO_VIEWER = {"viewer": "these tests are about the store", "browser": "these tests are about the store"}
JPEG = next(tile for tile in TILES if tile.coding == "jpeg-baseline" and tile.samples == 1)


@dataclass
class Work:
    """What a stack did and left."""

    platform: Platform
    study: str
    log: str
    """Of the job."""
    environments: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    """Of the job's processes while they ran."""
    reports: dict[str, str] = field(default_factory=dict[str, str])
    """By profile and file name."""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    folder = tmp_path_factory.mktemp("work")
    with pytest.MonkeyPatch.context() as shell, deployed(folder) as platform:
        for name in SHELL:
            shell.setenv(name, CANARY)
        keep_a_secret(platform)
        yield done_in(platform, folder)


def keep_a_secret(platform: Platform) -> None:
    url = f"{platform.outputs['endpoints']['secretmanager']}v1/projects/{platform.cloud.project}/secrets/github-token"
    value = base64.b64encode(CANARY.encode()).decode()
    kept = platform.session(platform.cloud.iam.owner).post(f"{url}:addVersion", json={"payload": {"data": value}})
    assert kept.ok, kept.text


def done_in(platform: Platform, folder: Path) -> Work:
    levels = write_slide(folder / "slide", JPEG, key="canary at work")
    for level in levels:
        dataset = pydicom.dcmread(level.path)
        for keyword in NAMED:
            setattr(dataset, keyword, PATIENT)
        dataset.save_as(level.path)
    assert platform.load(folder / "slide") == 0
    seen, over = list[dict[str, str]](), threading.Event()
    watcher = threading.Thread(target=lambda: watch(seen, over))
    watcher.start()
    try:
        execution = platform.run_job("--study", levels[0].study)
    finally:
        over.set()
        watcher.join()
    assert execution["succeededCount"] == 1, platform.log(execution)
    made = Work(platform, levels[0].study, platform.log(execution), seen)
    for profile in ("full", "readonly"):
        for path in reports.write(run(target(platform), platform.cloud.iam.token, profile=profile), folder / profile):
            made.reports[f"{profile} {path.name}"] = path.read_text()
    return made


def watch(seen: list[dict[str, str]], over: threading.Event) -> None:
    """Reads the environment of each process of a job once, until `over`."""
    known: set[int] = set()
    while not over.wait(0.01):
        for process in psutil.Process().children(recursive=True):
            try:
                found = process.environ() if process.pid not in known else {}
            except psutil.Error:  # it ended meanwhile
                continue
            if "CLOUD_RUN_EXECUTION" in found:
                known.add(process.pid)
                seen.append(found)


def target(platform: Platform) -> SmokeTarget:
    made = from_outputs(platform.outputs, NO_VIEWER)
    return SmokeTarget(**{**made.__dict__, "limits": SHORT})


# -- where


def environment(work: Work) -> str:
    assert work.environments, "no process of the job was seen running"
    return json.dumps(work.environments)


def report(name: str) -> Callable[[Work], str]:
    return lambda work: work.reports[name]


def log_lines(work: Work) -> str:
    """Every file under `logs`: of jobs, of the chain, and Cloud Logging's own."""
    assert work.study in work.log
    kept = [path for path in (work.platform.cloud.data / "logs").rglob("*") if path.is_file()]
    return "\n".join([work.log, *(path.read_text(errors="replace") for path in kept)])


def audit_log(work: Work) -> str:
    cloud, url = work.platform.cloud, f"{work.platform.outputs['endpoints']['logging']}v2/entries:list"
    session, entries = work.platform.session(cloud.iam.owner), list[Any]()
    body: dict[str, Any] = {"resourceNames": [f"projects/{cloud.project}"], "pageSize": 1000}
    while True:
        page = session.post(url, json=body, timeout=30).json()
        entries += page.get("entries", [])
        if not (token := page.get("nextPageToken")):
            break
        body["pageToken"] = token
    text = json.dumps(entries)
    assert "StoreInstances" in text
    assert "storage.objects.create" in text
    return text


def workflow_executions(work: Work) -> str:
    """What started the job, with the message that did: their arguments and results too."""
    everything = work.platform.cloud.resources.all("workflowexecutions.googleapis.com")
    assert everything, "no event started a workflow"
    return json.dumps(everything)


def records(work: Work) -> str:
    """Every object of the records bucket: readiness, work items, release records."""
    cloud, bucket = work.platform.cloud, work.platform.outputs["recordsBucket"]
    names = object_names(cloud, bucket, "")
    assert any(name.startswith(f"readiness/{work.study}/") for name in names)
    paths = [object_path(cloud, bucket, name) for name in names]
    return "\n".join([*names, *(path.read_text(errors="replace") for path in paths if path)])


def viewer_config(work: Work) -> str:
    outputs = work.platform.outputs
    url = f"{outputs['endpoints']['secretmanager']}v1/projects/{outputs['project']}/secrets/viewer-config"
    owner = work.platform.session(work.platform.cloud.iam.owner)
    payload = owner.get(f"{url}/versions/latest:access", timeout=30).json()["payload"]["data"]
    text = base64.b64decode(payload).decode()
    assert work.platform.outputs["dicomwebRoot"] in text
    return text


def resources(work: Work) -> str:
    """Every resource of every API but the vault's payloads: operations, executions, declared values."""
    cloud = work.platform.cloud
    cloud.resources.keep(cloud.data / "resources.json")
    cloud.resources.flush()
    kept = json.loads((cloud.data / "resources.json").read_text())
    vault = kept["secretmanager.googleapis.com"]
    stored = json.dumps({name: vault.pop(name) for name in list(vault) if name.endswith("/payload")})
    assert FORMS[1] in stored, "the canary is not where it belongs, so not finding it elsewhere proves nothing"
    return json.dumps(kept)


def outputs(work: Work) -> str:
    """The stack's, and what `make up` said."""
    return json.dumps(work.platform.outputs) + (work.platform.folder / "deploy.txt").read_text()


PLACES: dict[str, Callable[[Work], str]] = {
    "environment of the running job": environment,
    **{f"smoke report {name}": report(name) for name in (
        "full smoke.json", "full smoke.xml", "full smoke.md",
        "readonly smoke.json", "readonly smoke.xml", "readonly smoke.md",
    )},
    "log lines": log_lines,
    "audit log": audit_log,
    "workflow executions": workflow_executions,
    "records": records,
    "viewer config": viewer_config,
    "resources": resources,
    "outputs": outputs,
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_neither_a_secret_nor_a_patient_is_found_in(work: Work, place: str) -> None:
    text = PLACES[place](work)

    assert len(text) > 100
    assert [form for form in (*FORMS, PATIENT) if form in text] == []


@pytest.mark.parametrize("place", ["full smoke.json", "readonly smoke.md", "log lines", "records", "outputs"])
def test_no_access_token_is_found_in(work: Work, place: str) -> None:
    text = (PLACES.get(place) or report(place))(work)

    assert "ya29.local." not in text


def test_the_patient_is_where_a_patient_belongs(work: Work) -> None:
    """Or not finding it elsewhere proves nothing."""
    url = f"{work.platform.root}/studies/{work.study}/metadata"
    found = work.platform.session(work.platform.cloud.iam.owner).get(
        url, headers={"Accept": "application/dicom+json"}, timeout=30
    )

    assert PATIENT in found.text


def leak_into_the_environment(work: Work) -> None:
    work.environments.append({"TOKEN": LEAK})


def leak_into_reports(work: Work) -> None:
    """As a check would that quotes what it was answered."""

    def refuse(principal: str) -> str:
        raise NoToken(f"no token: {LEAK}")

    for path in reports.write(run(target(work.platform), refuse, profile="readonly"), work.platform.folder / "leak"):
        work.reports[f"readonly {path.name}"] = path.read_text()


def leak_into_logs(work: Work) -> None:
    work.platform.parts.logs.write({
        "logName": f"projects/{work.platform.cloud.project}/logs/leak", "insertId": "1",
        "timestamp": "2026-11-22T00:00:00Z", "textPayload": LEAK,
    })  # fmt: skip
    audit_log(work)  # writes what waits


def leak_into_records(work: Work) -> None:
    bucket = work.platform.outputs["recordsBucket"]
    work.platform.parts.objects.put_object(bucket, f"readiness/{LEAK}", [b""], "text/plain")


def leak_into_an_execution(work: Work) -> None:
    work.platform.cloud.resources.put("workflowexecutions.googleapis.com", "leak", {"argument": LEAK})


def leak_into_the_configuration(work: Work) -> None:
    project, endpoint = work.platform.cloud.project, work.platform.outputs["endpoints"]["secretmanager"]
    value = base64.b64encode(f"{LEAK} {work.platform.outputs['dicomwebRoot']}".encode()).decode()
    url = f"{endpoint}v1/projects/{project}/secrets/viewer-config:addVersion"
    owner = work.platform.session(work.platform.cloud.iam.owner)
    assert owner.post(url, json={"payload": {"data": value}}, timeout=30).ok


def leak_into_outputs(work: Work) -> None:
    work.platform.outputs["nextCommands"] = [LEAK]


PLANTED: dict[str, Callable[[Work], None]] = {
    "environment of the running job": leak_into_the_environment,
    "smoke report readonly smoke.json": leak_into_reports,
    "smoke report readonly smoke.xml": leak_into_reports,
    "smoke report readonly smoke.md": leak_into_reports,
    "log lines": leak_into_logs,
    "audit log": leak_into_logs,
    "workflow executions": leak_into_an_execution,
    "resources": leak_into_an_execution,
    "records": leak_into_records,
    "viewer config": leak_into_the_configuration,
    "outputs": leak_into_outputs,
}


@pytest.mark.parametrize("place", PLANTED)
def test_a_leak_would_be_found_in(work: Work, place: str) -> None:
    """The search itself, where the tests above found nothing."""
    PLANTED[place](work)

    assert LEAK in PLACES[place](work)
