"""The provider that deploys: each declared resource becomes the API requests that the real `gcp` provider sends.

Only creation, and without the real provider's waiting, batching and repeated reading: `tests/engine` lists each
difference and holds the rest to a recording of the real one. Outputs are the inputs, the plain values of the API's
answer, and what a row derives; nested outputs that only the API could tell are not there.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from engine import adopt, render
from engine.api import Api
from engine.calls import functions, iam_members, log_buckets
from engine.provider import Declared, Refused
from engine.render import fill, split
from engine.transport import Transport
from engine.types import ROWS, Row
from engine.types.row import Around

Json = dict[str, Any]

ELSEWHERE = {
    "docker:index/image:Image": "it needs a Docker engine, which the in-process deployer does not use: "
    "set jobImage to prebuilt or cloud_build, or deploy with the Pulumi CLI",
}
"""Types of other packages that a program may hold, and what to do about them here."""


class RestProvider:
    """Thread-safe as its transport is; keeps nothing between resources."""

    def __init__(
        self,
        transport: Transport,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api = Api(transport, sleep)
        self._clock = clock

    def check(self, declared: Declared) -> Json:
        type_ = declared.type
        if type_ in ELSEWHERE:
            raise Refused(ELSEWHERE[type_])
        row = ROWS.get(type_)
        if row is None and type_ not in iam_members.TARGETS and type_ != log_buckets.TYPE:
            raise Refused(
                "the in-process deployer does not know this type: deploy with the Pulumi CLI, "
                "or add its row to engine/types"
            )
        return with_name(declared)

    def create(self, declared: Declared) -> tuple[str, Json]:
        values = with_settings(declared.inputs, declared.settings)
        if declared.type in iam_members.TARGETS:
            id_, outputs = iam_members.grant(self._api, declared.type, values)
        elif declared.type == log_buckets.TYPE:
            id_, outputs = log_buckets.configure(self._api, values)
        else:
            id_, outputs = self._create(ROWS[declared.type], declared.inputs, values)
        return id_, {**outputs, **declared.inputs}

    def adopt(self, declared: Declared, id_: str, ignored: Collection[str]) -> tuple[str, Json]:
        """Id and outputs of the existing resource. Raises `Refused` when it is not there, or is not as declared."""
        row = ROWS.get(declared.type)
        if row is None:
            raise Refused("the in-process deployer cannot import this type: use the Pulumi CLI")
        values = with_settings(declared.inputs, declared.settings)
        values["answer"] = self._api.find(row.host, f"/{row.version}/{id_}")
        if values["answer"] is None:
            raise Refused(f"there is no {id_} to import; name what exists, or take it out of imports")
        around = Around(project=values.get("project", ""), now=datetime.fromtimestamp(self._clock(), UTC))
        body = render.body(row, declared.inputs, around, split(row.url, values)[0])
        if differing := adopt.differences(body, values["answer"], ignored):
            raise Refused(f"{id_} is not as declared, and importing it would change it: {'; '.join(differing)}")
        return id_, {**outputs_of(row, values), **declared.inputs}

    def invoke(self, token: str, args: Json, settings: Mapping[str, Any]) -> Json:
        return functions.invoke(self._api, token, with_settings(args, settings))

    def _create(self, row: Row, inputs: Json, values: Json) -> tuple[str, Json]:
        values = {**row.fallback, **values}
        answer = self._adopt(row, values) if row.adopts else None
        if answer is None:
            answer = self._request(row, inputs, values)
        values["answer"] = answer
        for step in row.then:
            verb, url = step.split(" ", 1)
            body = {} if url.endswith(":resume") else None
            self._api.call(row.host, verb, *split(url, values), body)
        id_ = fill(row.id, values)
        if row.read is not None:
            path, query = split(row.read or f"/{row.version}/{id_}", values)
            values["answer"] = {**answer, **self._api.call(row.host, "GET", path, query)}
        return id_, outputs_of(row, values)

    def _request(self, row: Row, inputs: Json, values: Json) -> Json:
        path, query = split(row.url, values)
        around = Around(project=values.get("project", ""), now=datetime.fromtimestamp(self._clock(), UTC))
        body = render.body(row, inputs, around, path) if row.sends_body else None
        answer = self._api.call(row.host, row.verb, path, query, body)
        return self._api.finish(row.host, row.polls or row.version, answer) if row.waits else {}

    def _adopt(self, row: Row, values: Json) -> Json | None:
        return self._api.find(row.host, f"/{row.version}/{fill(row.id, values)}")


def with_name(declared: Declared) -> Json:
    """The inputs, with an automatic name where the type has one and none is declared."""
    row = ROWS.get(declared.type)
    if row and row.named_by and declared.inputs.get(row.named_by) is None:
        return {**declared.inputs, row.named_by: f"{declared.name}-{suffix(declared.urn)}"}
    return declared.inputs


def with_settings(inputs: Json, settings: Mapping[str, Any]) -> Json:
    """The inputs, with the provider's project and region where none is declared."""
    values = {key: settings[key] for key in ("project", "region") if settings.get(key)}
    return {**values, **{key: value for key, value in inputs.items() if value is not None}}


def suffix(urn: str) -> str:
    """Seven hexadecimal digits, as the engine's random ones, but the same for the same URN."""
    return hashlib.sha256(urn.encode()).hexdigest()[:7]


NO_OUTPUTS = frozenset({"@type", "id", "kind"})
"""Fields of answers that are about the answer, not the resource."""


def outputs_of(row: Row, values: Json) -> Json:
    """What the API told beyond the inputs: its plain values, and what the row derives from them."""
    outputs = {key: value for key, value in values["answer"].items() if key not in NO_OUTPUTS}
    plain = {key: value for key, value in outputs.items() if isinstance(value, str | int | float)}
    derived = {name: fill(template, values) for name, template in row.outputs.items()}
    project = {"project": values["project"]} if "{project}" in row.create else {}
    return {**plain, **project, **derived}
