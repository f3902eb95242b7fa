from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydicom import dcmread

from smoke_tests.cli import main


def test_slide_writes_files_and_says_what(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["slide", "--out", str(tmp_path), "--size", "512", "--run-id", "x", "--demo"])

    files = sorted(tmp_path.iterdir())
    assert (code, len(files)) == (0, 2)
    assert {dcmread(file).PatientID for file in files} == {"DEMO-x"}
    assert "512 x 512  4 frames" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["slide", "--out", "{tmp}", "--size", "10"], "smoke_tests slide: size 10 does not fit"),
        (["run", "--outputs", "{tmp}/none.json"], "No such file"),
        (["run", "--outputs", "{tmp}/bad.json"], "bad.json is not JSON"),
        (["run", "--outputs", "{tmp}/empty.json"], "no usable 'serviceAccounts'"),
        (["run", "--outputs", "{tmp}/list.json"], "list.json must hold one JSON object"),
        (["run", "--dicomweb-root", "http://x", "--capability", "fly"], "unknown capability fly"),
        (["run", "--outputs", "{tmp}/empty.json", "--capability", "stow"], "--capability goes with --dicomweb-root"),
        (
            ["run", "--dicomweb-root", "http://127.0.0.1:9/dicomWeb"],
            "nothing would be asked of http://127.0.0.1:9/dicomWeb",
        ),
        (["sweep", "--dicomweb-root", "http://x", "--missing", "job=no"], "--missing goes with --outputs"),
        (["sweep", "--dicomweb-root", "http://127.0.0.1:9/dicomWeb"], "got no answer"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "empty.json").write_text("{}")
    (tmp_path / "list.json").write_text("[]")

    code = main([argument.replace("{tmp}", str(tmp_path)) for argument in arguments])

    said = capsys.readouterr().err
    assert code == 2
    assert words in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--missing", "viewer"], ["--older-than", "soon"]])
def test_an_option_that_says_nothing_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sweep", "--dicomweb-root", "http://x", *arguments])

    assert ended.value.code == 2
    assert "write" in capsys.readouterr().err


def test_a_run_that_reaches_nobody_stops_at_once_and_still_reports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--dicomweb-root", "http://127.0.0.1:9/dicomWeb", "--capability", "qido", "--profile", "quick"]

    code = main(["run", *options, "--report", str(tmp_path)])

    report = json.loads((tmp_path / "smoke.json").read_text())
    assert (code, report["exitCode"], len(report["results"])) == (2, 2, 1)
    assert report["problem"].startswith("the preflight failed, so nothing else was tried (the store answers its ident")
    assert "Unreachable: GET http://127.0.0.1:9/dicomWeb/studies got no answer" in capsys.readouterr().out
