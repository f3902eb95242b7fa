"""Google's discovery documents (bundled with google-api-python-client): which request is which method, and its schemas.

A document is read when a request first names its API version. Answering is not done here.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from engine.apis import APIS, EXCERPTS, PATHS

Json = dict[str, Any]


@dataclass(eq=False)
class Document:
    """One version of an API: its schemas and the names of query parameters that every method takes."""

    name: str
    host: str
    schemas: dict[str, Json]
    parameters: frozenset[str]


@dataclass(eq=False)
class Method:
    """One method. `id` is `<document>:<method path>`; `ids` are the ids under which handlers may be registered:
    its own and those of the same method in the API's other versions."""

    id: str
    ids: tuple[str, ...]
    verb: str
    document: Document
    path: str
    query: frozenset[str]
    request: str | None
    response: str | None

    @cached_property
    def parts(self) -> list[str]:
        return self.id.split(":")[1].split(".")

    @property
    def leaf(self) -> str:
        return self.parts[-1]

    @property
    def collection(self) -> str:
        return self.parts[-2] if len(self.parts) > 1 else ""

    @property
    def is_operation(self) -> bool:
        """Whether it answers with a long-running operation."""
        return self.response in ("Operation", "GoogleLongrunningOperation")

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        pieces = re.split(r"(\{[^}]+\})", self.path)
        return re.compile("".join(_piece(piece) for piece in pieces))

    @cached_property
    def _target(self) -> str:
        template = re.sub(r":\w+$", "", self.path)
        return template[: template.rindex("}") + 1].replace("{+", "{") if "}" in template else ""

    def target(self, params: dict[str, str]) -> str:
        """The path of the resource the method is about; of create and list, the parent's: `projects/P/topics/T`."""
        return self._target.format_map(params)

    def params(self, path: str) -> dict[str, str] | None:
        """The path's variables, or None when one is empty; `path` starts after the API's base path."""
        match = self._pattern.fullmatch(path)
        return match.groupdict() if match else None


def _piece(piece: str) -> str:
    if not piece.startswith("{"):
        return re.escape(piece)
    return f"(?P<{piece[2:-1]}>.+)" if piece.startswith("{+") else f"(?P<{piece[1:-1]}>[^/]+)"


@dataclass
class _Node:
    """A place in the tree of path segments; `None` as a segment stands for a variable."""

    children: dict[str | None, _Node] = field(default_factory=dict[str | None, "_Node"])
    methods: dict[tuple[str, str], Method] = field(default_factory=dict[tuple[str, str], Method])
    """By HTTP verb and the `:verb` at the end of the path (empty without)."""


class Catalogue:
    """Finds the method that a request means."""

    def __init__(self) -> None:
        self._trees: dict[tuple[str, str], _Node] = {}
        self._methods: dict[str, Method] = {}

    def match(self, host: str, verb: str, path: str) -> tuple[Method, dict[str, str]] | None:
        """The method and its path variables, or None. `path` is the real path with version, decoded."""
        path = path.strip("/")
        for base, document in APIS.get(host, {}).items():
            if not path.startswith(base + "/"):
                continue
            rest = path[len(base) + 1 :]
            method = _find(self._tree(host, base, document), rest.split("/"), verb)
            if method and (params := method.params(rest)) is not None:
                return method, params
        return None

    def method(self, method_id: str) -> Method:
        """The method with this id, e.g. `pubsub.v1:projects.topics.publish`; KeyError if there is none."""
        if method_id not in self._methods:
            name = method_id.split(":")[0]
            for host, bases in APIS.items():
                for base, document in bases.items():
                    if document == name:
                        self._tree(host, base, document)
        return self._methods[method_id]

    def _tree(self, host: str, base: str, name: str) -> _Node:
        if (host, base) not in self._trees:
            tree = _Node()
            for method, flat in _methods(host, base, name):
                _insert(tree, flat, method)
                self._methods[method.id] = method
            self._trees[host, base] = tree  # only now: another thread may be looking
        return self._trees[host, base]


@cache
def catalogue() -> Catalogue:
    """The one of this process: a document is read once, whoever asks."""
    return Catalogue()


def _read(name: str) -> Json:
    if name in EXCERPTS:
        return EXCERPTS[name]
    package = importlib.util.find_spec("googleapiclient")
    if not package or not package.submodule_search_locations:
        raise RuntimeError("google-api-python-client is not installed: it carries the discovery documents; see README")
    folder = Path(package.submodule_search_locations[0]) / "discovery_cache" / "documents"
    return json.loads((folder / f"{name}.json").read_bytes())


def _methods(host: str, base: str, name: str) -> Iterator[tuple[Method, str]]:
    """Each method of a document with its path template in which every variable is one segment."""
    data = _read(name)
    document = Document(name, host, data["schemas"], frozenset(data["parameters"]))
    versions = [name, *(other for other in APIS[host].values() if other != name)]
    prefix = "" if "/" in base else base + "/"
    for where, method in _walk(data["resources"], ()):
        yield (
            Method(
                id=f"{name}:{where}",
                ids=tuple(f"{version}:{where}" for version in versions),
                verb=method["httpMethod"],
                document=document,
                path=method["path"].removeprefix(prefix),
                query=frozenset(k for k, p in method.get("parameters", {}).items() if p.get("location") == "query"),
                request=method.get("request", {}).get("$ref"),
                response=method.get("response", {}).get("$ref"),
            ),
            (PATHS.get(f"{name}:{where}") or method.get("flatPath", method["path"])).removeprefix(prefix),
        )


def _walk(resources: Json, path: tuple[str, ...]) -> Iterator[tuple[str, Json]]:
    for name, resource in resources.items():
        for leaf, method in resource.get("methods", {}).items():
            yield ".".join((*path, name, leaf)), method
        yield from _walk(resource.get("resources", {}), (*path, name))


def _insert(tree: _Node, flat: str, method: Method) -> None:
    *first, last = flat.split("/")
    segment, _, custom = last.partition(":")
    node = tree
    for part in (*first, segment):
        node = node.children.setdefault(None if part.startswith("{") else part, _Node())
    node.methods.setdefault((method.verb, custom), method)


def _find(node: _Node, segments: list[str], verb: str) -> Method | None:
    """Literal segments win over variables, and a `:verb` that some method has wins over a colon in an id."""
    segment, rest = segments[0], segments[1:]
    if rest:
        for key in (segment, None):
            method = _find(node.children[key], rest, verb) if key in node.children else None
            if method:
                return method
        return None
    stem, _, custom = segment.rpartition(":")
    for name, suffix in ((stem, custom), (segment, "")):
        for key in (name, None):
            child = node.children.get(key) if name else None
            if child and (verb, suffix) in child.methods:
                return child.methods[verb, suffix]
    return None
