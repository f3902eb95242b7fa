"""Where files go, from a stack's outputs."""

from __future__ import annotations

from typing import Any

import pytest

from ops.load.outcome import CannotLoad
from ops.load.target import target

STORE = "projects/p/locations/l/datasets/d/dicomStores/raw"
OUTPUTS: dict[str, Any] = {
    "project": "p",
    "endpoints": {"healthcare": "https://h.example/", "logging": "https://l.example/"},
    "stores": {
        "raw": {"name": STORE, "dicomwebRoot": f"https://h.example/v1/{STORE}/dicomWeb"},
        "viewer": {"name": "other", "dicomwebRoot": "https://h.example/v1/other/dicomWeb"},
    },
    "dicomwebRoot": "https://h.example/v1/other/dicomWeb",
    "serviceAccounts": {"job": "imaging-job@p.iam.gserviceaccount.com"},
    "groups": {"ingestWriters": ["group:scanners@example.org"], "viewers": ["pathologists@example.org"]},
}


def test_files_go_to_the_raw_store_which_the_job_reads() -> None:
    to = target(OUTPUTS, None, None, None)
    assert (to.root, to.store) == (f"https://h.example/v1/{STORE}/dicomWeb", STORE)
    assert (to.writer, to.reader) == ("scanners@example.org", "imaging-job@p.iam.gserviceaccount.com")


def test_another_root_and_other_people_can_be_named() -> None:
    to = target(OUTPUTS, "http://localhost:8042/dicom-web/", "me@example.org", "you@example.org")
    assert (to.root, to.store) == ("http://localhost:8042/dicom-web", "")
    assert (to.writer, to.reader) == ("me@example.org", "you@example.org")


@pytest.mark.parametrize("outputs", [{}, {"stores": {}}, {"stores": {"raw": {"dicomwebRoot": ""}}}])
def test_a_stack_without_a_raw_store_is_said(outputs: dict[str, Any]) -> None:
    with pytest.raises(CannotLoad, match=r"stores\.raw, or --to"):
        target(outputs, None, None, None)


def test_a_root_alone_is_enough() -> None:
    assert target({}, "https://h.example/dicomWeb", None, None).writer == ""
