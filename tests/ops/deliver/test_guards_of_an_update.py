"""Whoever runs `pulumi up`: the same guards before the first change, and the environment that they looked in."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ops.client.refusal import OpsRefused
from ops.client.tokens import VARIABLE
from ops.deliver import cli, steps
from ops.deliver.stack import Stack, load
from ops.first_hour.pulumi_cli import PulumiCli
from ops.operate import on_stack
from ops.operate.stack_outputs import outputs_file
from tests.ops.operate.google import Answers, answering

SAYS = f"""#!{sys.executable}
import os, pathlib, sys
with open('asked', 'a') as log:
    pack = '--policy-pack' in sys.argv
    log.write(sys.argv[1] + pack * ' judged' + ' @' + os.environ.get('PULUMI_BACKEND_URL', '') + '\\n')
if sys.argv[1:3] == ['stack', 'export']:
    print('{{"deployment": {{}}}}')
if sys.argv[1:3] == ['stack', 'output']:
    given = pathlib.Path('outputs')
    sys.exit('no stack') if not given.exists() else print(given.read_text())
"""
LOG_BUCKET = "/v2/projects/my-lab/locations/europe-west4/buckets/imaging-audit"


def make_deploy() -> None:
    """As a person: `on_stack` says what refuses and ends with a status."""
    if status := on_stack.main(["deploy", "--stack", "dev"]):
        raise OpsRefused(f"make deploy ended with {status}")


def hour() -> None:
    PulumiCli("dev").deploy()


def delivery() -> None:
    cli.up(load("dev"), {})


EVERY_UPDATE = pytest.mark.parametrize("update", [make_deploy, hour, delivery])
Update = Callable[[], None]


@pytest.fixture
def google() -> Iterator[Answers]:
    """Where nothing is, unless a test says so."""
    with answering({}) as answers:
        yield answers


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, google: Answers) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/pulumi").write_text(SAYS)
    (tmp_path / "bin/pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    monkeypatch.setenv(VARIABLE, "t")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "judge", lambda _: None)
    stack(tmp_path, google)
    return tmp_path


def stack(folder: Path, google: Answers, **settings: str) -> Stack:
    lines = {"gcp:project": "my-lab", "dicom-platform:environment": "dev"}
    lines |= {f"gcp:{api}CustomEndpoint": google.root for api in ("storage", "logging", "healthcare")}
    lines |= {f"dicom-platform:{key}": value for key, value in {"stateBucket": "my-state", **settings}.items()}
    text = "".join(f"  {key}: '{value}'\n" for key, value in lines.items())
    (folder / "Pulumi.dev.yaml").write_text(f"config:\n{text}")
    return load("dev", folder)


def asked(folder: Path) -> list[str]:
    return (folder / "asked").read_text().splitlines() if (folder / "asked").exists() else []


@EVERY_UPDATE
def test_a_protected_viewer_leaves_cloud_run_in_two_steps_and_nothing_is_begun(
    update: Update, folder: Path, google: Answers, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "outputs").write_text(json.dumps({"viewerHost": "cloud_run"}))
    stack(folder, google, viewerHost="firebase")

    with pytest.raises(OpsRefused) as refused:
        update()

    said = f"{refused.value}{capfd.readouterr().err}"
    assert "docs/removing-on-purpose.md says under «The viewer, from Cloud Run" in said
    assert [line for line in asked(folder) if line.startswith("up")] == []


@EVERY_UPDATE
def test_what_the_policy_refuses_is_not_begun(
    update: Update, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(stack: Stack) -> None:
        raise OpsRefused(f"the policy refuses {stack.name}")

    monkeypatch.setattr(cli, "judge", refuse)

    with pytest.raises(OpsRefused) as refused:
        update()

    assert "the policy refuses dev" in f"{refused.value}{capfd.readouterr().err}"
    assert [line for line in asked(folder) if line.startswith("up")] == []


@pytest.mark.parametrize("update", [make_deploy, hour, lambda: steps.start(load("dev"), "0" * 40, "a build")])
def test_what_google_would_refuse_is_not_begun(
    update: Update, folder: Path, google: Answers, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(steps, "settle", lambda *_: None)
    monkeypatch.setattr(steps, "require_checks", lambda *_: None)
    monkeypatch.setattr(steps.Ledger, "read", lambda *_: (None, 0))
    google.table[LOG_BUCKET] = {"lifecycleState": "DELETE_REQUESTED"}

    with pytest.raises(OpsRefused) as refused:
        update()

    said = f"{refused.value}{capfd.readouterr().err}"
    assert "gcloud logging buckets undelete imaging-audit --location=europe-west4 --project=my-lab" in said
    assert [line for line in asked(folder) if line.startswith("up")] == []


def test_going_back_is_not_kept_from_it(folder: Path, google: Answers) -> None:
    google.table[LOG_BUCKET] = {"lifecycleState": "DELETE_REQUESTED"}
    (folder / "outputs").write_text("{}")

    delivery()

    assert "up judged @gs://my-state" in asked(folder)


@pytest.mark.parametrize(
    "update",
    [
        make_deploy, hour, delivery,
        lambda: on_stack.main(["preview", "--stack", "dev"]),
        lambda: outputs_file("dev"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("chosen", "backend"), [("", "gs://my-state"), ("file:///states", "file:///states")])
def test_the_cli_always_has_the_backend_that_the_settings_name_unless_one_is_chosen(
    update: Update, chosen: str, backend: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "outputs").write_text("{}")
    if chosen:
        monkeypatch.setenv("PULUMI_BACKEND_URL", chosen)

    update()

    assert {line.partition(" @")[2] for line in asked(folder)} == {backend}


@pytest.mark.parametrize(
    ("outputs", "settings"),
    [
        (None, {}),
        ({"viewerHost": "firebase"}, {}),
        ({"viewerHost": "cloud_run"}, {"viewerHost": "cloud_run"}),
        ({"viewerHost": "cloud_run"}, {"protection": "off"}),
    ],
)
def test_all_else_goes_on(
    folder: Path, google: Answers, outputs: dict[str, str] | None, settings: dict[str, str]
) -> None:
    if outputs is not None:
        (folder / "outputs").write_text(json.dumps(outputs))
    stack(folder, google, **settings)

    assert on_stack.main(["deploy", "--stack", "dev"]) == 0
    assert asked(folder)[-1] == "up judged @gs://my-state"


@EVERY_UPDATE
def test_what_is_taken_over_is_judged_as_declared_and_not_as_it_is(
    update: Update, folder: Path, google: Answers
) -> None:
    (folder / "outputs").write_text("{}")
    google.table["/v1/projects/my-lab/locations/europe-west4/datasets/lab/dicomStores/slides"] = {}
    stack(folder, google, dataset="lab", rawStore="slides", imports='["dataset", "raw"]')

    update()

    assert [line for line in asked(folder) if line.startswith("up")] == ["up @gs://my-state"]
