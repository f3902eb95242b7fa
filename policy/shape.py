"""What may be declared at all: types, their properties, and the values of those that no setting decides.

The reviewed list is `shapes.json`, written by `python -m ops shapes --write` from the stacks as they are and from what
each setting changes in them. A value that no setting decides must be one of those that were reviewed, with the stack's
own names (project, region, repository, digests) in braces: so a filter, a command, a condition, an address or a
workflow's source that was never looked at is found, whatever it says.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

from policy.resource import FREE_KEYS, UNKNOWN, Resource

FILE = Path(__file__).with_name("shapes.json")
OURS = re.compile(r"dicom-platform:[\w:]+|pulumi:pulumi:Stack|pulumi:providers:gcp")
"""Components and the stack, of which there is nothing at Google; and the provider, which has a rule of its own."""
LONGEST = 200
DIGEST = re.compile(r"sha256:([0-9a-f]{64}|unpinned)")
LOCAL = re.compile(r"http://(127\.0\.0\.1|localhost):\d+")
NUMBER = re.compile(r"""(?<=service-)\d+(?=@)|(?<=projects/)\d+(?=/|$)|(?<=')\d+(?=')|(?<=")\d+(?=")""")
Missing = tuple[str, str]
"""Path of a mapping (`[]` for the items of lists), and a key that it lacks."""
Shape = Mapping[str, Sequence[Any] | None]
"""Path → the reviewed values, or None where a setting decides."""


@cache
def shapes() -> Mapping[str, Shape]:
    """The reviewed list: type → shape."""
    return json.loads(FILE.read_text(encoding="utf-8"))["types"]


@cache
def always() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Type → path of a mapping in it → the keys that it has wherever it is declared, whatever the settings."""
    return json.loads(FILE.read_text(encoding="utf-8"))["always"]


def is_reviewed(type_: str) -> bool:
    return bool(OURS.fullmatch(type_)) or type_ in shapes()


def names(resources: Sequence[Resource]) -> dict[str, str]:
    """The stack's own names → what stands for them in a reviewed value, longest first."""
    projects = Counter(str(r.properties["project"]) for r in resources if isinstance(r.properties.get("project"), str))
    names_seen: dict[str, str] = {}
    for resource in resources:
        if resource.type == "gcp:healthcare/dataset:Dataset":
            names_seen[str(resource.properties.get("location"))] = "{location}"
        if resource.type == "gcp:cloudbuildv2/connection:Connection":
            names_seen.setdefault(str(resource.properties.get("location")), "{build region}")
        if resource.type == "gcp:cloudbuildv2/repository:Repository":
            uri = str(resource.properties.get("remoteUri", ""))
            repository = uri.removeprefix("https://github.com/").removesuffix(".git")
            names_seen[repository] = "{repository}"
            names_seen[str(resource.properties.get("name", ""))] = "{repository name}"
        if resource.type == "gcp:cloudbuild/trigger:Trigger":
            event = resource.properties.get("repositoryEventConfig")
            if isinstance(event, dict):
                branch = cast(dict[str, Any], event).get("push", {}).get("branch", "")
                names_seen[str(branch).strip("^$")] = "{branch}"
    if projects:
        names_seen[projects.most_common(1)[0][0]] = "{project}"
    return dict(sorted(((k, v) for k, v in names_seen.items() if len(k) > 3), key=lambda item: -len(item[0])))


def reduce(value: Any, own: Mapping[str, str]) -> Any:
    """The value as the list has it: the stack's names in braces, long text as a hash, what is not known as None."""
    if value is UNKNOWN or not isinstance(value, str):
        return None if value is UNKNOWN else value
    text = _pattern(tuple(own)).sub(lambda match: own[match[0]], DIGEST.sub("{digest}", value)) if own else value
    text = NUMBER.sub("{number}", LOCAL.sub("{local}", text))
    return text if len(text) <= LONGEST else "sha256 " + hashlib.sha256(text.encode()).hexdigest()


@cache
def _pattern(own: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, own))})(?!\w)")


def find_unreviewed(resource: Resource, own: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """Paths that the list lacks for the type, and values that it lacks for a path."""
    if OURS.fullmatch(resource.type):
        return
    shape = shapes().get(resource.type, {})
    for path, value in resource.leaves:
        if path not in shape:
            yield path, value
            continue
        reviewed = shape[path]
        if reviewed is None or value is UNKNOWN or value in reviewed:
            continue
        if reduce(value, own) not in reviewed:
            yield path, value


def missing(resource: Resource) -> Iterator[Missing]:
    """Keys that are declared everywhere else and not here."""
    wanted = always().get(resource.type)
    for path, keys in mappings(resource.properties) if wanted else ():
        for key in wanted.get(path, ()) if wanted else ():
            if key not in keys:
                yield path, key


def mappings(value: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every mapping in the value, with its path; those whose keys somebody chooses are left out."""
    if isinstance(value, dict) and f"{path}." not in FREE_KEYS:
        inner = cast(Mapping[str, Any], value)
        yield path, inner
        for key, child in inner.items():
            yield from mappings(child, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for child in cast(list[Any], value):
            yield from mappings(child, f"{path}[]")


def common(stacks: Iterable[Sequence[Resource]]) -> dict[str, dict[str, list[str]]]:
    """Type → path of a mapping → the keys that all of them have."""
    shared: dict[str, dict[str, set[str]]] = {}
    for resource in (resource for resources in stacks for resource in resources):
        if not OURS.fullmatch(resource.type):
            of_type = shared.setdefault(resource.type, {})
            for path, keys in mappings(resource.properties):
                own = {key for key in keys if not key.startswith("__")}
                of_type[path] = of_type[path] & own if path in of_type else own
    return {
        type_: {path: sorted(keys) for path, keys in sorted(of_type.items()) if keys}
        for type_, of_type in sorted(shared.items())
    }


def union(stacks: Iterable[Sequence[Resource]]) -> dict[str, dict[str, set[str]]]:
    """Type → path → reduced values (as JSON) over several stacks."""
    merged: dict[str, dict[str, set[str]]] = {}
    for resources in stacks:
        own = names(resources)
        for resource in resources:
            if not OURS.fullmatch(resource.type):
                of_type = merged.setdefault(resource.type, {})
                for path, value in resource.leaves:
                    of_type.setdefault(path, set()).add(json.dumps(reduce(value, own)))
    return merged
