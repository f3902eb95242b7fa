"""Which files of a folder are sent."""

from __future__ import annotations

import os
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file

from ops.load.files import scan
from ops.load.outcome import CannotLoad, Verdict, failed

CT = Path(str(get_testdata_file("CT_small.dcm")))


def copy(to: Path, **changes: str) -> Path:
    dataset = pydicom.dcmread(CT)
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    to.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(to)
    return to


def test_folders_are_searched_to_the_bottom_in_order(tmp_path: Path) -> None:
    copy(tmp_path / "b" / "c" / "2.dcm", SOPInstanceUID="1.2.2")
    copy(tmp_path / "1.dcm", SOPInstanceUID="1.2.1")
    files, others = scan(tmp_path)
    assert [file.instance for file in files] == ["1.2.1", "1.2.2"]
    assert files[0].bytes == (tmp_path / "1.dcm").stat().st_size
    assert others == []


def test_one_file_is_a_source_too() -> None:
    files, _ = scan(CT)
    assert [file.path for file in files] == [CT]


@pytest.mark.parametrize("content", [b"", b"hello", bytes(128), bytes(128) + b"DICX"])
def test_what_is_no_dicom_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(content)
    files, (outcome,) = scan(tmp_path)
    assert files == []
    assert outcome.verdict is Verdict.REFUSED
    assert "not a DICOM file" in outcome.reason


@pytest.mark.parametrize(
    "name",
    ["._1.dcm", ".DS_Store", "Thumbs.db", "thumbs.DB", "desktop.ini", "__MACOSX/a/._1.dcm", "$RECYCLE.BIN/x",
     "sub/.Spotlight-V100/store.db", "~$report.docx", "@eaDir/1.dcm/SYNO", ".nfs000123"],
)  # fmt: skip
def test_what_systems_leave_is_skipped_in_words_and_is_no_failure(name: str, tmp_path: Path) -> None:
    copy(tmp_path / "1.dcm")
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_bytes(b"\0\5\x16\7 not an image")

    files, (outcome,) = scan(tmp_path)

    assert len(files) == 1
    assert (outcome.verdict, outcome.reason) == (Verdict.SKIPPED, "left by an operating system, no image")
    assert not failed([outcome])


def test_an_image_is_sent_whatever_its_name_is(tmp_path: Path) -> None:
    copy(tmp_path / "lost+found" / "._1.dcm")

    files, others = scan(tmp_path)

    assert (len(files), others) == (1, [])


def test_a_damaged_header_is_refused_without_quoting_it(tmp_path: Path) -> None:
    (tmp_path / "damaged.dcm").write_bytes(CT.read_bytes()[:150] + b"CANARY^JANE" * 9)
    files, (outcome,) = scan(tmp_path)
    assert files == []
    assert outcome.verdict is Verdict.REFUSED
    assert "CANARY" not in outcome.reason


def test_a_file_without_identity_is_refused(tmp_path: Path) -> None:
    copy(tmp_path / "1.dcm", StudyInstanceUID="")
    _, (outcome,) = scan(tmp_path)
    assert outcome.reason == "has no StudyInstanceUID"


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    if os.geteuid() == 0:  # root may read every file, but not this one
        (tmp_path / "1.dcm").symlink_to("/proc/self/mem")
    else:
        copy(tmp_path / "1.dcm").chmod(0)
    _, (outcome,) = scan(tmp_path)
    assert outcome.verdict is Verdict.REFUSED
    assert outcome.reason in ("cannot be read: Permission denied", "cannot be read: Input/output error")


def test_a_dangling_link_is_no_file(tmp_path: Path) -> None:
    copy(tmp_path / "1.dcm")
    (tmp_path / "link.dcm").symlink_to(tmp_path / "gone.dcm")
    files, others = scan(tmp_path)
    assert (len(files), others) == (1, [])


def test_the_index_of_a_medium_is_skipped_and_no_failure(tmp_path: Path) -> None:
    (tmp_path / "DICOMDIR").write_bytes(Path(str(get_testdata_file("DICOMDIR"))).read_bytes())
    _, (outcome,) = scan(tmp_path)
    assert outcome.verdict is Verdict.SKIPPED


def test_a_study_that_disagrees_on_its_patient_is_not_sent_at_all(tmp_path: Path) -> None:
    copy(tmp_path / "1.dcm", SOPInstanceUID="1.2.1", PatientID="A-CANARY")
    copy(tmp_path / "2.dcm", SOPInstanceUID="1.2.2", PatientID="B-CANARY")
    copy(tmp_path / "3.dcm", SOPInstanceUID="1.2.3", StudyInstanceUID="1.9")
    files, others = scan(tmp_path)
    assert [file.instance for file in files] == ["1.2.3"]
    assert [outcome.verdict for outcome in others] == [Verdict.REFUSED] * 2
    assert "CANARY" not in others[0].reason


def test_no_folder_and_no_files_are_said(tmp_path: Path) -> None:
    with pytest.raises(CannotLoad, match="holds no files"):
        scan(tmp_path)
    with pytest.raises(CannotLoad, match="does not exist"):
        scan(tmp_path / "nowhere")
