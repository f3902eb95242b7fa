"""A stack whose update was killed: its lock, and what was being made, as the real CLI tells of both."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from ops.client.refusal import OpsRefused
from ops.first_hour.pulumi_cli import PulumiCli
from ops.operate import on_stack
from tests.ops.first_hour.killed import LOCKED, ended_process

STAND_IN = f"""#!{sys.executable}
import pathlib, sys
words = sys.argv[1:]
with open('asked', 'a') as log:
    log.write(' '.join(words) + '\\n')
locked = pathlib.Path('locked')
if words[:2] == ['stack', 'export']:
    print(pathlib.Path('state').read_text())
elif words[0] == 'cancel':
    locked.unlink()
elif words[:2] == ['stack', 'output']:
    print('{{}}')
elif locked.exists():
    sys.exit(locked.read_text())
elif words[:2] == ['stack', 'import']:
    pathlib.Path('state').write_text(sys.stdin.read())
"""
TYPES = "urn:pulumi:dev::dicom-platform::dicom-platform:components:Identities$"


def creating(type_: str, name: str, /, **inputs: Any) -> dict[str, Any]:
    resource = {"urn": f"{TYPES}{type_}::{name}", "type": type_, "custom": True, "parent": "urn:identities"}
    return {"type": "creating", "resource": {**resource, "inputs": {"__defaults": [], **inputs}}}


ACCOUNT = creating("gcp:serviceaccount/account:Account", "identities-job", accountId="imaging-job", project="my-lab")
TOPIC = creating("gcp:pubsub/topic:Topic", "archive-topic", name="dicom", project="my-lab")
GRANT = creating(
    "gcp:projects/iAMMember:IAMMember", "grant", project="my-lab", role="roles/viewer", member="user:a@b.c"
)
ALERT = creating("gcp:monitoring/alertPolicy:AlertPolicy", "watch-job", project="my-lab", displayName="Job")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/pulumi").write_text(STAND_IN)
    (tmp_path / "bin/pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///states")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  gcp:project: my-lab\n  dicom-platform:environment: dev\n")
    leave(tmp_path)
    return tmp_path


def leave(folder: Path, *pending: dict[str, Any]) -> None:
    """What a killed update leaves in the state."""
    before = {"urn": "urn:pulumi:dev::dicom-platform::pulumi:pulumi:Stack::s", "type": "pulumi:pulumi:Stack"}
    state = {"version": 3, "deployment": {"resources": [before], "pending_operations": list(pending)}}
    (folder / "state").write_text(json.dumps(state))


def lock(folder: Path, pid: int, host: str = socket.gethostname()) -> None:
    (folder / "locked").write_text(LOCKED.format(host=host, pid=pid))


def asked(folder: Path) -> list[str]:
    return (folder / "asked").read_text().splitlines()


def test_the_lock_of_an_update_that_was_killed_here_is_taken_away(folder: Path) -> None:
    lock(folder, ended_process())

    assert on_stack.main(["recover", "--stack", "dev"]) == 0
    assert "cancel --yes --stack dev" in asked(folder)
    assert not (folder / "locked").exists()


@pytest.mark.parametrize(
    ("pid", "host"), [(os.getpid(), socket.gethostname()), (1, "another-machine")], ids=["runs here", "elsewhere"]
)
def test_an_update_that_may_still_run_keeps_its_lock_and_the_command_is_said(
    pid: int, host: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock(folder, pid, host)

    assert on_stack.main(["recover", "--stack", "dev"]) == 2
    said = capsys.readouterr().err
    assert f"locked by ann@{host} (process {pid})" in said
    assert "if it was killed: pulumi cancel --yes -s dev; then run this again" in said
    assert [line for line in asked(folder) if line.startswith("cancel")] == []


def test_what_was_being_made_is_looked_for_under_the_id_that_it_would_have(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(folder, ACCOUNT, GRANT, ALERT, TOPIC, {"type": "updating", "resource": TOPIC["resource"]})

    assert on_stack.main(["recover", "--stack", "dev"]) == 0

    state = json.loads((folder / "state").read_text())["deployment"]
    assert [resource.get("id") for resource in state["resources"]] == [
        None,
        "projects/my-lab/serviceAccounts/imaging-job@my-lab.iam.gserviceaccount.com",
        "projects/my-lab/topics/dicom",
    ]
    assert state["resources"][1]["parent"] == "urn:identities"
    assert "pending_operations" not in state
    targets = " ".join(f"--target {pending['resource']['urn']}" for pending in (ACCOUNT, TOPIC))
    assert asked(folder)[-1] == f"refresh --yes --non-interactive --skip-preview {targets} --stack dev"
    said = capsys.readouterr().out
    assert "is in the state if it is there: identities-job, archive-topic." in said
    assert "look whether one is there twice: watch-job." in said


def test_a_stack_that_nobody_killed_stays_as_it_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = json.loads((folder / "state").read_text())["deployment"]["resources"]

    assert on_stack.main(["recover", "--stack", "dev"]) == 0

    assert json.loads((folder / "state").read_text())["deployment"]["resources"] == before
    assert asked(folder) == ["stack export --stack dev", "stack import --stack dev"]
    assert capsys.readouterr().out == ""


def test_what_the_cli_refuses_is_a_sentence(folder: Path) -> None:
    (folder / "locked").write_text("error: the state's bucket is gone")

    with pytest.raises(OpsRefused, match=r"stack dev cannot be recovered: .* ended with 1: error: the state's bucket"):
        PulumiCli("dev").deploy()


def test_the_first_hour_recovers_before_it_deploys(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.deliver.cli.judge", lambda _: None)
    monkeypatch.setattr("ops.deliver.cli.refuse_what_stands_in_the_way", lambda _: None)
    lock(folder, ended_process())
    leave(folder, ACCOUNT)

    PulumiCli("dev").deploy()

    verbs = [line.split()[0] for line in asked(folder) if not line.startswith("stack output")]
    assert verbs == ["stack", "stack", "cancel", "stack", "refresh", "up"]
