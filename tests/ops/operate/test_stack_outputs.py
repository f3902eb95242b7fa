"""Where a stack's outputs are looked for: the running local cloud's file, then the engine's state."""

from __future__ import annotations

import json
import os
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.__main__ import VERBS
from ops.client.outputs import OutputsRefused
from ops.client.pulumi import PulumiRefused
from ops.local import state
from ops.operate import on_stack
from ops.operate.stack_outputs import outputs_file

PULUMI = f"""#!{sys.executable}
import json, os, sys
print(json.dumps({{"asked": sys.argv[1:], "backend": os.environ.get("PULUMI_BACKEND_URL"),
                   "credentials": os.environ.get("GOOGLE_CREDENTIALS")}}))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which a local cloud runs, and a Pulumi CLI that tells how it was called."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  gcp:project: my-lab\n  dicom-platform:environment: dev\n")
    cli = tmp_path / "bin/pulumi"
    cli.parent.mkdir()
    cli.write_text(PULUMI)
    cli.chmod(cli.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{cli.parent}:{os.environ['PATH']}")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        running = state.RunningCloud(
            pid=os.getpid(), port=port, base=f"http://127.0.0.1:{port}", project="p", data="d", credentials="key.json"
        )
        state.save(running)
        yield tmp_path


def test_what_make_up_deployed_comes_first(folder: Path) -> None:
    (folder / ".localcloud/outputs.json").write_text("{}")
    assert outputs_file("local") == Path(".localcloud/outputs.json")


def test_what_the_engine_deployed_to_the_local_cloud_is_asked_for_with_its_own_state(folder: Path) -> None:
    (folder / ".localcloud/pulumi").mkdir()

    said = json.loads(outputs_file("local").read_text())

    assert said["asked"] == ["stack", "output", "--json", "--stack", "local"]
    assert said["backend"] == f"file://{(folder / '.localcloud/pulumi').resolve()}"
    assert said["credentials"] == "key.json"


@pytest.mark.usefixtures("folder")
def test_where_nothing_was_deployed_both_ways_are_said() -> None:
    with pytest.raises(OutputsRefused, match=r"nothing was deployed to it: .*make up, or .*pulumi up -s local"):
        outputs_file("local")


def test_another_stacks_are_asked_of_pulumi_and_kept_for_this_user_alone(folder: Path) -> None:
    path = outputs_file("dev")

    assert json.loads(path.read_text())["asked"][-1] == "dev"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_the_cli_it_is_said_how_to_get_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder / "nothing"))
    with pytest.raises(PulumiRefused, match="install it"):
        outputs_file("dev")


def test_every_verb_of_one_stack_is_at_the_one_door() -> None:
    assert {name for name, verb in VERBS.items() if verb.module == "ops.operate.on_stack"} == on_stack.VERBS.keys()
