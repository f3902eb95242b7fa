"""The script that makes the environment refuses in one sentence."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

SCRIPT = Path("ops/environment.py")


def test_an_old_python_is_told_what_to_do() -> None:
    code = (
        "import runpy, sys; sys.version_info = (3, 9, 2); sys.argv = ['x', 'run']; "
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr.startswith("environment: Python 3.11 or newer is needed, this is 3.9.2")
    assert done.stderr.count("\n") == 1
    assert "make up PYTHON=" in done.stderr


def test_even_python_2_and_3_5_can_parse_it() -> None:
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 5))

    assert not [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr | ast.AnnAssign)]


def test_without_the_pulumi_cli_one_line_says_how_to_get_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ops", "preview", "--stack", "dev"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(tmp_path)},
    )

    assert done.returncode == 2
    assert done.stderr == (
        "preview: the Pulumi CLI is not on PATH; install it (https://www.pulumi.com/docs/install/), "
        "then run this again\n"
    )
