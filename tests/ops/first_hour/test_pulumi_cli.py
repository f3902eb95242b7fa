"""What the first hour asks of the Pulumi CLI, and what it takes for deployed."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from ops.client.refusal import OpsRefused
from ops.first_hour.pulumi_cli import PulumiCli

STAND_IN = f"""#!{sys.executable}
import os, pathlib, sys
with open('asked', 'a') as log:
    log.write(' '.join(sys.argv[1:]) + ' @' + os.environ.get('PULUMI_BACKEND_URL', '') + '\\n')
words = [word for word in sys.argv[1:3] if '/' not in word]
answer = pathlib.Path('answer-' + '-'.join(words))
if answer.exists():
    print(answer.read_text())
else:
    sys.exit('error: no such thing')
"""
KEY = "projects/my-lab/locations/europe-west4/keyRings/pulumi/cryptoKeys/state"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bin").mkdir()
    cli = tmp_path / "bin/pulumi"
    cli.write_text(STAND_IN)
    cli.chmod(0o755)
    monkeypatch.setenv("PATH", f"{cli.parent}:{os.environ['PATH']}")
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.dev.yaml").write_text(
        "config:\n  gcp:project: my-lab\n  dicom-platform:environment: dev\n"
        f"  dicom-platform:stateBucket: my-state\n  dicom-platform:stateKey: {KEY}\n"
    )
    return tmp_path


def answer(folder: Path, command: str, value: Any) -> None:
    (folder / f"answer-{command}").write_text(json.dumps(value))


def asked(folder: Path) -> list[str]:
    return (folder / "asked").read_text().splitlines()


def test_the_stack_is_looked_for_in_the_bucket_and_made_under_the_key(folder: Path) -> None:
    answer(folder, "stack-ls", [{"name": "prod"}, {"name": "organization/dicom-platform/deva"}])
    answer(folder, "login", "")
    answer(folder, "stack-init", "")
    cli = PulumiCli("dev")

    assert not cli.has_stack()
    cli.make_stack()

    assert asked(folder) == [
        "login gs://my-state @gs://my-state",
        "stack ls --json @gs://my-state",
        f"stack init dev --secrets-provider gcpkms://{KEY} @gs://my-state",
    ]


@pytest.mark.parametrize(
    ("updates", "deployed"),
    [
        ([], False),
        ([("update", "succeeded")], True),
        ([("update", "failed"), ("update", "succeeded")], False),
        ([("refresh", "succeeded"), ("update", "succeeded")], True),
        ([("destroy", "succeeded"), ("update", "succeeded")], False),
    ],
)
def test_what_is_deployed_is_what_the_last_update_had_if_it_succeeded(
    folder: Path, updates: list[tuple[str, str]], deployed: bool
) -> None:
    config = {"gcp:project": {"value": "my-lab", "secret": False}}
    answer(folder, "stack-history", [{"kind": kind, "result": result, "config": config} for kind, result in updates])

    found = PulumiCli("dev").deployed_settings()

    assert found == ({"gcp:project": "my-lab"} if deployed else None)


def test_what_the_cli_refuses_is_a_sentence(folder: Path) -> None:
    with pytest.raises(OpsRefused, match="pulumi stack output --stack dev ended with 1: error: no such thing"):
        PulumiCli("dev").outputs()
