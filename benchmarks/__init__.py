"""Speed and memory as ratios to named peers; see README.md. The job, a project of its own, joins the path here."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "jobs/prepare")]
