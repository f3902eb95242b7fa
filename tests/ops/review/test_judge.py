"""What is declared is judged before anything is made, asked or listened on."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pulumi_gcp as gcp
import pytest

from engine import UNKNOWN, Deployment, load_config, program_of
from engine.foretell import STAND_IN
from engine.rehearsal import rehearse
from ops.review.judge import PolicyBroken, judge
from tests.infra import stacks

ROOT = Path(__file__).resolve().parents[3]
TODAY = date(2027, 1, 15)
MADE_BY_GOOGLE = re.compile(
    r"check_id=\W+\w+|//iam.googleapis.com/projects/\d+|service-\d+@|1:\d+:web:\w+|notificationChannels/\w+"
)


def prod(**changes: Any) -> Deployment:
    return rehearse(program_of(ROOT), load_config(ROOT, "prod", stacks.PROD | changes), "prod")


def comparable(inputs: Any) -> Any:
    return json.loads(MADE_BY_GOOGLE.sub("", json.dumps(inputs)))


def test_a_rehearsal_declares_what_a_deployment_declares() -> None:
    """Every input of prod is foretold as the deployment has it, but for what only Google can make up."""
    deployed, rehearsed = stacks.prod().deployment.resources, prod().resources
    unknown = {urn: node.inputs.pop("appId") for urn, node in rehearsed.items() if node.inputs.get("appId") is UNKNOWN}

    assert [urn.rpartition("::")[2] for urn in unknown] == ["viewer-site"]
    assert rehearsed.keys() == deployed.keys()
    for urn, node in deployed.items():
        expected = {key: value for key, value in node.inputs.items() if urn not in unknown or key != "appId"}
        assert comparable(rehearsed[urn].inputs) == comparable(expected), node.name
        assert rehearsed[urn].protect == node.protect


def test_google_s_own_numbers_are_stand_ins() -> None:
    agent = next(node for node in prod().resources.values() if node.name == "archive-instances-announced")

    assert agent.inputs["member"] == f"serviceAccount:service-{STAND_IN}@gcp-sa-healthcare.iam.gserviceaccount.com"


def bad_program() -> None:
    gcp.storage.Bucket("open", location="europe-west4", uniform_bucket_level_access=False)
    gcp.projects.IAMMember("all", project="p", role="roles/owner", member="allUsers")


def test_all_that_breaks_a_rule_is_said_at_once() -> None:
    with pytest.raises(PolicyBroken) as raised:
        judge(bad_program, load_config(ROOT, "dev", {"gcp:project": "p"}), "dev", root=ROOT, today=TODAY)

    broken = {(violation.rule, violation.urn.rpartition("::")[2]) for violation in raised.value.report.violations}
    assert {
        ("bucket-is-private", "open"),
        ("bucket-keeps-old-versions", "open"),
        ("stateful-is-protected", "open"),
        ("no-public-principal", "all"),
        ("no-basic-role", "all"),
        ("audit-logs-have-a-sink", ""),
    } <= broken
    assert str(raised.value).splitlines()[0] == f"The policy has {len(raised.value.report.violations)} objections:"


def test_what_cannot_be_decided_before_is_an_objection_too() -> None:
    def program() -> None:
        app = gcp.firebase.WebApp("app", project="p", display_name="x")
        gcp.storage.Bucket("bucket", location=app.app_id, name="bucket")

    with pytest.raises(PolicyBroken) as raised:
        judge(program, load_config(ROOT, "dev", {"gcp:project": "p"}), "dev", root=ROOT, today=TODAY)

    assert "one-region: bucket is decided at up: location is not known before" in str(raised.value)


def broken_place(tmp_path: Path) -> Path:
    """The project with one component that a careless hand has been in."""
    for name in ROOT.iterdir():
        if name.name not in (".localcloud", ".git", "reports", "components"):
            (tmp_path / name.name).symlink_to(name)
    shutil.copytree(ROOT / "components", tmp_path / "components")
    records = tmp_path / "components" / "job_records.py"
    text = records.read_text().replace('public_access_prevention="enforced"', 'public_access_prevention="inherited"', 1)
    records.write_text(text.replace('versioning={"enabled": True}', 'versioning={"enabled": False}'))
    return tmp_path


@pytest.mark.parametrize("command", [["up", "--once", "--port", "0"], ["judge", "--stack", "local"]])
def test_a_broken_rule_stops_the_command_before_anything_listens_or_is_written(
    tmp_path: Path, command: list[str]
) -> None:
    place = broken_place(tmp_path)

    done = subprocess.run(
        [sys.executable, "-m", "ops", *command],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,  # it ends at once; where it does not, it serves
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert [line.split(":")[0].strip(" -") for line in done.stderr.splitlines()] == [
        command[0],
        "bucket-is-private",
        "bucket-keeps-old-versions",
        "is-reviewed",
    ]
    assert not (place / ".localcloud").exists()


def test_a_stack_that_keeps_the_rules_is_told_so() -> None:
    done = subprocess.run([sys.executable, "-m", "ops", "judge"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert re.match(r"Stack local keeps all \d+ rules\.", done.stdout)
