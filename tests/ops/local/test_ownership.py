"""One local cloud a folder, and files that only its user may read."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ops.local.ownership import AlreadyRunning, make_private, own
from ops.local.session import data_folder

ROOT = Path.cwd()
Serve = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts `serve` from a folder and waits until it answers or has ended."""
    started: list[subprocess.Popen[str]] = []

    def start(folder: Path, data: Path, umask: int = 0o022) -> subprocess.Popen[str]:
        folder.mkdir(exist_ok=True)
        process = subprocess.Popen(
            [sys.executable, "-m", "ops", "serve", "--port", "0", "--data", str(data)],
            cwd=folder,
            text=True,
            umask=umask,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        started.append(process)
        assert process.stdout
        for line in process.stdout:
            process.said = line  # type: ignore[attr-defined]
            if line.startswith("local cloud on"):
                break
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def readable_by_others(folder: Path) -> list[str]:
    paths = [path for path in (folder, *folder.rglob("*")) if not path.is_symlink()]
    return [str(path) for path in paths if path.stat().st_mode & 0o077]


def test_two_folders_do_not_share_one_data_folder(tmp_path: Path, serve: Serve) -> None:
    data = tmp_path / "data"
    first = serve(tmp_path / "one", data)
    before = sorted(path.name for path in data.rglob("*"))

    second = serve(tmp_path / "two", data)

    assert second.wait(20) == 2
    assert f"another local cloud uses the data folder {data} (process {first.pid})" in second.said  # type: ignore[attr-defined]
    assert sorted(path.name for path in data.rglob("*")) == before
    assert not (tmp_path / "two" / ".localcloud" / "state.json").exists()

    first.kill()
    first.wait()
    assert serve(tmp_path / "two", data).poll() is None  # a killed owner leaves nothing that keeps others out


def test_the_second_of_a_folder_says_so_and_changes_nothing(tmp_path: Path, serve: Serve) -> None:
    first = serve(tmp_path / "one", tmp_path / "data")
    state = (tmp_path / "one" / ".localcloud" / "state.json").read_bytes()

    second = serve(tmp_path / "one", tmp_path / "other")

    assert second.wait(20) == 2
    assert "a local cloud already runs from this folder" in second.said  # type: ignore[attr-defined]
    assert (tmp_path / "one" / ".localcloud" / "state.json").read_bytes() == state
    assert not (tmp_path / "other").exists()
    assert first.poll() is None


def test_two_at_once_are_one_owner(tmp_path: Path) -> None:
    """The lock is taken before anything is looked at: no moment in which both find nobody."""
    program = (
        "import sys,time; from pathlib import Path; from ops.local.ownership import own, AlreadyRunning\n"
        "try:\n  with own(Path(sys.argv[1]), 'taken'): print('owner'); sys.stdout.flush(); time.sleep(3)\n"
        "except AlreadyRunning: print('refused')"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], text=True, stdout=subprocess.PIPE)
        for _ in range(4)
    ]

    assert sorted(run.communicate(timeout=30)[0].strip() for run in runs) == ["owner", "refused", "refused", "refused"]


def test_the_data_are_private_whatever_the_folder_and_the_umask_were(tmp_path: Path, serve: Serve) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    old = data / "resources.json"
    old.write_text("{}")
    old.chmod(0o644)

    serve(tmp_path / "one", data, umask=0o000)

    assert len(list(data.rglob("*"))) > 3
    assert readable_by_others(data) == []
    assert readable_by_others(tmp_path / "one" / ".localcloud" / "state.json") == []


def test_a_folder_with_other_things_is_not_made_a_data_folder(tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").write_text("")
    tmp_path.chmod(0o755)

    with pytest.raises(ValueError, match=r"holds other things \(thesis\.odt\): name an empty or a new folder"):
        data_folder(tmp_path).__enter__()

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_an_owner_is_named_until_it_lets_go(tmp_path: Path) -> None:
    with own(tmp_path, "taken"), pytest.raises(AlreadyRunning, match=rf"taken \(process {os.getpid()}\)"):
        own(tmp_path, "taken").__enter__()

    with own(tmp_path, "taken"):
        make_private(tmp_path)
