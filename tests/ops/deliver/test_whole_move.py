"""A change that the provider would refuse in its middle is refused before it begins."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from ops.client.refusal import OpsRefused
from ops.deliver import cli
from ops.deliver.stack import Stack, load
from ops.operate import on_stack

SAYS = f"""#!{sys.executable}
import pathlib, sys
with open('asked', 'a') as log:
    log.write(sys.argv[1] + '\\n')
if sys.argv[1:3] == ['stack', 'output']:
    told = pathlib.Path('outputs')
    sys.exit('no stack') if not told.exists() else print(told.read_text())
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/pulumi").write_text(SAYS)
    (tmp_path / "bin/pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(on_stack.judge, "main", lambda _: 0)
    monkeypatch.setattr(on_stack, "refuse_what_stands_in_the_way", lambda _: None)  # it asks Google
    monkeypatch.setattr(cli, "judge", lambda _: None)
    return tmp_path


def stack(folder: Path, **settings: str) -> Stack:
    lines = {"gcp:project": "my-lab", "dicom-platform:environment": "dev"}
    lines |= {f"dicom-platform:{key}": value for key, value in settings.items()}
    text = "".join(f"  {key}: '{value}'\n" for key, value in lines.items())
    (folder / "Pulumi.dev.yaml").write_text(f"config:\n{text}")
    return load("dev", folder)


def test_a_protected_viewer_leaves_cloud_run_in_two_steps_and_nothing_is_begun(folder: Path) -> None:
    (folder / "outputs").write_text(json.dumps({"viewerHost": "cloud_run"}))
    moving = stack(folder, viewerHost="firebase")

    with pytest.raises(OpsRefused, match=r"docs/removing-on-purpose.md says under «The viewer, from Cloud Run"):
        cli.up(moving, {})
    assert on_stack.main(["deploy", "--stack", "dev"]) == 2
    assert "up" not in (folder / "asked").read_text().splitlines()


@pytest.mark.parametrize(
    ("outputs", "settings"),
    [
        (None, {}),
        ({"viewerHost": "firebase"}, {}),
        ({"viewerHost": "cloud_run"}, {"viewerHost": "cloud_run"}),
        ({"viewerHost": "cloud_run"}, {"protection": "off"}),
    ],
)
def test_all_else_goes_on(folder: Path, outputs: dict[str, str] | None, settings: dict[str, str]) -> None:
    if outputs is not None:
        (folder / "outputs").write_text(json.dumps(outputs))
    stack(folder, **settings)

    assert on_stack.main(["deploy", "--stack", "dev"]) == 0
    assert (folder / "asked").read_text().splitlines()[-1] == "up"
