"""Who may lean on whom: arrows go one way, so that each room can be read, tested and lifted out by itself."""

from __future__ import annotations

import ast
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.infra.arrows import PACKAGES, ROOT, arrows, modules, sources

MAY_NEED: dict[str, set[str]] = {
    "__main__.py": {"infra"},
    "infra": {"components", "viewer"},
    "components": set(),
    "engine": set(),
    "jobs": set(),
    "localcloud": {"engine"},
    "ops": {"components", "engine", "infra", "jobs", "localcloud", "policy", "smoke_tests", "viewer"},
    "policy": set(),
    "smoke_tests": set(),
    "viewer": set(),
}
ONLY_NAMED = {"infra": {"jobs"}, "ops": {"tests"}}
"""Rooms that are named and never imported: to Google the folder of the job's image and the command that runs in it; and
the files that a reviewer agreed to, which a command writes and a test compares."""
ONLY_RUN = {"ops": {"smoke_tests"}}
"""Rooms that are started as a command and never imported: the oracle stays one that imports nothing of ours."""
MOST_FILES = 20


@pytest.mark.parametrize("room", MAY_NEED)
def test_a_room_needs_only_what_its_arrows_allow(room: str) -> None:
    assert sources(room), f"{room} has no sources: the test looks in the wrong place"

    wrong = [
        arrow
        for arrow in arrows(room)
        if arrow.room not in MAY_NEED[room] | (ONLY_NAMED.get(room, set()) if arrow.kind != "import" else set())
        or (arrow.kind == "import" and arrow.room in ONLY_RUN.get(room, set()))
    ]

    assert wrong == []


@pytest.mark.parametrize("room", sorted({*PACKAGES.values()} - {"tests"}))
def test_no_module_needs_itself(room: str) -> None:
    assert len(modules(room)) > 1

    TopologicalSorter(modules(room)).prepare()


@pytest.mark.parametrize("room", sorted({*MAY_NEED} - {"__main__.py"}))
def test_a_folder_can_be_taken_in_at_a_glance(room: str) -> None:
    folders = Counter(file.parent.relative_to(ROOT) for file in sources(room) if file.name != "__init__.py")

    assert {str(folder): count for folder, count in folders.items() if count > MOST_FILES} == {}


@pytest.mark.parametrize("file", sources("components"), ids=lambda path: path.stem)
def test_a_component_imports_no_sibling(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    from_modules = {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert not {name for name in from_modules if name.startswith(("components", "."))}


def test_one_component_a_file() -> None:
    for file in sources("components"):
        classes = [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef)]
        made = [node for node in classes if any("ComponentResource" in ast.unparse(base) for base in node.bases)]
        assert len(made) == (0 if file.name == "__init__.py" else 1), file.name


@pytest.mark.parametrize("folder", ["infra", "components", "components/monitoring"])
def test_a_folder_holds_at_most_twenty_files(folder: str) -> None:
    files = [path for path in (ROOT / folder).iterdir() if path.is_file()]

    assert len(files) <= 20, f"{folder} holds {len(files)} files: put those of one subject into a folder of their own"


def test_only_the_settings_read_configuration() -> None:
    readers = {
        str(file.relative_to(ROOT))
        for room in ("infra", "components")
        for file in sources(room)
        if "pulumi.runtime.config" in file.read_text() or "pulumi.Config(" in file.read_text()
    }

    assert readers == {"infra/config_loader.py"}


@pytest.mark.parametrize(
    ("text", "kind", "room"),
    [
        ("from infra.settings import Settings", "import", "infra"),
        ("if TYPE_CHECKING:\n    from localcloud.iam import Iam", "import", "localcloud"),
        ("def late():\n    import ops.review", "import", "ops"),
        ("import runpy\nrunpy.run_module('ops', run_name='__main__')", "import", "ops"),
        ("importlib.import_module('viewer.build')", "import", "viewer"),
        ("RULES = ROOT / 'jobs' / 'prepare' / 'rules.json'", "file", "jobs"),
        ("Path('policy/exceptions.yaml').read_text()", "file", "policy"),
        ("subprocess.run([sys.executable, '-m', 'localcloud', 'up'])", "command", "localcloud"),
        ("TOKEN = f'{sys.executable} -m ops token'", "command", "ops"),
    ],
)
def test_an_arrow_the_wrong_way_is_seen(tmp_path: Path, text: str, kind: str, room: str) -> None:
    (tmp_path / "components").mkdir()
    (tmp_path / "components" / "bad.py").write_text(f"{text}\n")

    assert [(arrow.kind, arrow.room) for arrow in arrows("components", tmp_path)] == [(kind, room)]


def test_what_people_are_told_is_no_arrow(tmp_path: Path) -> None:
    (tmp_path / "components").mkdir()
    (tmp_path / "components" / "good.py").write_text('"""See `ops/review`."""\nHOW = "run: python -m ops viewer pin"\n')

    assert arrows("components", tmp_path) == []


@pytest.mark.parametrize("hidden", ["", "if TYPE_CHECKING:\n    "])
def test_a_circle_is_seen(tmp_path: Path, hidden: str) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__init__.py").write_text("from engine import first\n")
    (tmp_path / "engine" / "first.py").write_text("from . import second\n")
    (tmp_path / "engine" / "second.py").write_text(f"{hidden}import engine.first\n")

    graph = modules("engine", tmp_path)

    assert graph == {"engine": {"engine.first"}, "engine.first": {"engine.second"}, "engine.second": {"engine.first"}}
    with pytest.raises(CycleError):
        TopologicalSorter(graph).prepare()
