"""What a source file leans on, read from its text: imports, files by path, modules that are run, commands by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "benchmarks": "benchmarks",
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
"""Name in an import, a path or a command → the room it belongs to."""


class Arrow(NamedTuple):
    """Something of another room that a line needs."""

    room: str
    kind: str
    """`import`, `file` or `command`."""
    place: str
    """`file:line`, from the repository's root."""


def sources(room: str, root: Path = ROOT) -> list[Path]:
    """The Python files of a room, or the one file."""
    path = root / room
    if path.is_file():
        return [path]
    return [file for file in path.rglob("*.py") if not {"node_modules", "__pycache__"} & set(file.parts)]


def arrows(room: str, root: Path = ROOT) -> list[Arrow]:
    """Every arrow out of a room, those under `TYPE_CHECKING` and within functions too."""
    leaving: list[Arrow] = []
    for source in sources(room, root):
        place = source.relative_to(root)
        tree = ast.parse(source.read_text(encoding="utf-8"))
        for line, kind, name in [*imports(tree, place), *files(tree), *commands(tree)]:
            target = PACKAGES.get(re.split(r"[./]", name)[0])
            if target and target != room:
                leaving.append(Arrow(target, kind, f"{place}:{line}"))
    return list(dict.fromkeys(leaving))


def imports(tree: ast.Module, place: Path) -> Iterator[tuple[int, str, str]]:
    """Modules that are imported, relative ones by their full name, and those named to `import_module`, `run_module`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, "import", alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "import", module_of(node, place.parent.parts)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "run_module")):
            yield from ((node.lineno, "import", text) for text in literals(node.args[:1]) if text)


def module_of(node: ast.ImportFrom, package: tuple[str, ...]) -> str:
    base = package[: len(package) - node.level + 1] if node.level else ()
    return ".".join([*base, *([node.module] if node.module else [])])


def files(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Paths into the repository: `"room/…"` as a whole string, or `… / "room"`; what people are told is no arrow."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            if re.fullmatch(r"\w+/[\w./-]+", node.value):
                yield node.lineno, "file", node.value
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            yield from ((node.lineno, "file", text) for text in literals([node.left, node.right]) if text in PACKAGES)


def commands(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Modules started as a command: `"-m", "room"` in a sequence, or a string that begins with the interpreter."""
    for node in ast.walk(tree):
        if isinstance(node, ast.List | ast.Tuple):
            named = pairwise(literals(node.elts))
            yield from ((node.lineno, "command", name) for flag, name in named if flag == "-m")
        elif isinstance(node, ast.JoinedStr) and ast.unparse(node).startswith(
            ("f'{sys.executable}", 'f"{sys.executable}')
        ):
            text = "".join(literals(node.values))
            yield from ((node.lineno, "command", name) for name in re.findall(r"-m (\w+)", text))


def literals(nodes: list[ast.expr]) -> list[str]:
    """The strings among the nodes; an empty one in place of anything else."""
    return [str(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str) else "" for node in nodes]


def modules(room: str, root: Path = ROOT) -> dict[str, set[str]]:
    """Module → the modules of the room that it imports at its top level, also for the type checker alone.

    A `from` gives the name with what it imports, as that may be a module too; a package is needed by what is in it.
    """
    home = root / ("jobs/prepare" if room == "jobs" else ".")
    paths = {file.relative_to(home).with_suffix("").parts: file for file in sources(room, root) if home in file.parents}
    named = {".".join(parts).removesuffix(".__init__"): (parts[:-1], file) for parts, file in paths.items()}
    graph: dict[str, set[str]] = {}
    for name, (package, file) in named.items():
        wanted = top_level_imports(file, package)
        above = {module[:at] for module in wanted for at in range(len(module)) if module[at] == "."}
        graph[name] = {
            module
            for module in wanted | above
            if module in named and module != name and not name.startswith(f"{module}.")
        }
    return graph


def top_level_imports(file: Path, package: tuple[str, ...]) -> set[str]:
    """Names that a file imports outside of functions, those under `if TYPE_CHECKING` included."""
    names: set[str] = set()
    for node in top_level(ast.parse(file.read_text(encoding="utf-8")).body):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = module_of(node, package)
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return names


def top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.If):
            yield from top_level([*statement.body, *statement.orelse])
