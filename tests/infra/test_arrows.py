"""Who may import whom: arrows go one way, so that each part can be read, tested and lifted out by itself."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = {
    "components": "components",
    "engine": "engine",
    "infra": "infra",
    "jobs": "jobs",
    "localcloud": "localcloud",
    "ops": "ops",
    "policy": "policy",
    "prepare": "jobs",
    "smoke_tests": "smoke_tests",
    "tests": "tests",
    "viewer": "viewer",
}
"""Top-level package → the part it belongs to."""
MAY_IMPORT: dict[str, set[str]] = {
    "__main__.py": {"infra"},
    "infra": {"components", "viewer"},
    "components": set(),
    "engine": set(),
    "jobs": set(),
    "localcloud": {"engine"},
    "ops": {"components", "engine", "infra", "localcloud", "policy", "smoke_tests", "viewer"},
    "policy": set(),
    "smoke_tests": set(),
    "viewer": set(),
}


def sources(part: str) -> list[Path]:
    path = ROOT / part
    if path.is_file():
        return [path]
    return [file for file in path.rglob("*.py") if "node_modules" not in file.parts and "__pycache__" not in file.parts]


def imported(source: Path) -> set[str]:
    """Full names of the modules that a file imports, relative imports resolved."""
    package = source.parent.relative_to(ROOT).parts
    names: set[str] = set()
    for statement in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.Import):
            names |= {alias.name for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            names.add(origin(statement, package))
    return names


def origin(statement: ast.ImportFrom, package: tuple[str, ...]) -> str:
    base = package[: len(package) - statement.level + 1] if statement.level else ()
    return ".".join([*base, *([statement.module] if statement.module else [])])


def needed_at_import(source: Path, package: tuple[str, ...]) -> set[str]:
    """What a file's import imports: not what only a type checker reads or a function imports later.

    A `from` gives the name with what it imports, as that may be a module too.
    """
    names: set[str] = set()
    for statement in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Import):
            names |= {alias.name for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            base = origin(statement, package)
            names |= {base, *(f"{base}.{alias.name}" for alias in statement.names)}
    return names


def modules(part: str) -> dict[str, set[str]]:
    """Module → the modules of the part, and their packages, that must be imported before it is whole."""
    root = ROOT / ("jobs/prepare" if part == "jobs" else ".")
    files = {file.relative_to(root).with_suffix("").parts: file for file in sources(part) if root in file.parents}
    named = {".".join(parts).removesuffix(".__init__"): (parts[:-1], file) for parts, file in files.items()}
    found: dict[str, set[str]] = {}
    for name, (package, file) in named.items():
        asked = needed_at_import(file, package)
        above = {one[:at] for one in asked for at in range(len(one)) if one[at] == "."}
        found[name] = {one for one in asked | above if one in named and one != name and not name.startswith(f"{one}.")}
    return found


def parts_imported(part: str) -> dict[str, set[str]]:
    """Other parts of this repository that `part` imports → the files that do."""
    found: dict[str, set[str]] = {}
    for source in sources(part):
        for name in imported(source):
            other = PARTS.get(name.partition(".")[0])
            if other and other != part:
                found.setdefault(other, set()).add(str(source.relative_to(ROOT)))
    return found


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_what_its_arrows_allow(part: str) -> None:
    assert sources(part), f"{part} has no sources: the test looks in the wrong place"

    wrong = {other: files for other, files in parts_imported(part).items() if other not in MAY_IMPORT[part]}

    assert wrong == {}


@pytest.mark.parametrize("part", sorted({*PARTS.values()} - {"tests"}))
def test_no_module_has_to_be_imported_before_itself(part: str) -> None:
    assert len(modules(part)) > 1

    TopologicalSorter(modules(part)).prepare()


@pytest.mark.parametrize("file", sources("components"), ids=lambda path: path.stem)
def test_a_component_imports_no_sibling(file: Path) -> None:
    assert not {name for name in imported(file) if name.startswith("components")}


def test_one_component_a_file() -> None:
    for file in sources("components"):
        classes = [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef)]
        made = [node for node in classes if any("ComponentResource" in ast.unparse(base) for base in node.bases)]
        assert len(made) == (0 if file.name == "__init__.py" else 1), file.name


@pytest.mark.parametrize("folder", ["infra", "components", "components/monitoring"])
def test_a_folder_holds_at_most_twenty_files(folder: str) -> None:
    assert len([path for path in (ROOT / folder).iterdir() if path.is_file()]) <= 20


def test_only_the_settings_read_configuration() -> None:
    readers = {
        str(file.relative_to(ROOT))
        for part in ("infra", "components")
        for file in sources(part)
        if "pulumi.runtime.config" in imported(file) or "pulumi.Config(" in file.read_text()
    }

    assert readers == {"infra/config_loader.py"}


def test_an_arrow_the_wrong_way_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "components").mkdir()
    (tmp_path / "components" / "bad.py").write_text("from infra.settings import Settings\nfrom . import sibling\n")
    monkeypatch.setitem(globals(), "ROOT", tmp_path)

    assert parts_imported("components") == {"infra": {"components/bad.py"}}
    assert "components" in imported(tmp_path / "components" / "bad.py")


def test_a_circle_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__init__.py").write_text("from engine import one\n")
    (tmp_path / "engine" / "one.py").write_text("from . import two\n")
    (tmp_path / "engine" / "two.py").write_text("import engine.one\n")
    monkeypatch.setitem(globals(), "ROOT", tmp_path)

    assert modules("engine") == {"engine": {"engine.one"}, "engine.one": {"engine.two"}, "engine.two": {"engine.one"}}
    with pytest.raises(CycleError):
        TopologicalSorter(modules("engine")).prepare()
