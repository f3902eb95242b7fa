"""Slides of any size through the whole job, in memory that does not grow with them, without a file of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from benchmarks.large import job_environment, root_of
from benchmarks.tissue_slide import TissueSlide
from localcloud.cloud import Cloud
from tests.jobs.conftest import as_principal

PROGRAM = """
import os, re, resource, sys
from prepare.__main__ import main

resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
code = main(sys.argv[1:], os.environ)
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
sys.exit(code)
"""
"""The job as its command runs it, where every write to a file fails; tells its peak memory in KiB."""
WIDTH = 2_048
MIB = 1 << 20


def store(cloud: Cloud, slide: TissueSlide, study: str) -> None:
    slide.header.StudyInstanceUID, slide.header.SOPInstanceUID = study, f"{study}.1.1"
    slide.header.SeriesInstanceUID = f"{study}.1"
    headers = {"Content-Type": "application/dicom", "Accept": "application/dicom+json"}
    owner = as_principal(cloud, cloud.iam.owner)
    answer = owner.post(f"{root_of(cloud, 'raw')}/studies", data=iter(slide), headers=headers, timeout=300)
    assert answer.ok, answer.text


def prepared(cloud: Cloud, study: str) -> tuple[dict[str, Any], int]:
    """(the outcome of the study's one series, peak bytes)."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "--study", study, "--json"],
        env=job_environment(cloud, "/nowhere", separate=False) | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (outcome,) = json.loads(done.stdout)["series"]
    return outcome, int(done.stderr.splitlines()[-1]) * 1024


def test_memory_follows_the_width_of_a_slide_not_its_height(cloud: Cloud) -> None:
    """Twice as high: 1,024 frames more in the first level, about 36 MiB of JPEG.

    Below 64 rows of tiles fewer frames are looked at and in work at once, so there memory still grows.
    """
    peaks: list[int] = []
    for number, rows in enumerate((64 * WIDTH, 128 * WIDTH), 1):
        store(cloud, TissueSlide(WIDTH, rows), f"1.2.826.70.{number}")
        outcome, peak = prepared(cloud, f"1.2.826.70.{number}")
        assert outcome["status"] == "ready"
        assert len(outcome["report"]["levels"]) == 9 + number
        peaks.append(peak)
    low, high = peaks
    assert high < low + 15 * MIB
    assert high < 190 * MIB
