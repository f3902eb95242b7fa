"""Create, get, list, patch, delete for any method of any discovery document. What differs by API is in `special/`.

Follows what Google's APIs have in common (AIP-121 to 135): ids from `<name>Id` parameters, update masks,
output-only fields kept, operations where the document says so. Stored resources are replaced, never changed in place.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from engine.discovery import Catalogue, Document, Method
from localcloud.cloud import Cloud
from localcloud.control import canon, names
from localcloud.control.call import Call
from localcloud.control.fields import merge, new_etag, new_uid, page
from localcloud.control.operations import timestamp
from localcloud.control.schema import camel_case
from localcloud.errors import ApiError

Resource = dict[str, Any]
Extra = Callable[[Call, Resource], None]


class Generic:
    """The behaviour of methods that nobody answers specially."""

    def __init__(self, cloud: Cloud, catalogue: Catalogue, extras: Callable[[Method], list[Extra]]) -> None:
        self._cloud = cloud
        self._catalogue = catalogue
        self._extras = extras
        self._answers: dict[str, Callable[[Call, Method], Any]] = {
            "create": self.create,
            "insert": self.create,
            "createAsync": self.create,
            "get": self.get,
            "list": self.list,
            "patch": self.patch,
            "update": self.patch,
            "updateAsync": self.patch,
            "delete": self.delete,
            "remove": self.delete,
        }

    def answer(self, call: Call) -> Any:
        method = self._catalogue.method(call.method_id)
        respond = self._answers.get(method.leaf)
        if respond is None:
            raise ApiError(501, f"{method.id} is not part of the local cloud.")
        return respond(call, method)

    def document(self, call: Call) -> Document:
        """The document, with the schemas, that the call's method is from."""
        return self._catalogue.method(call.method_id).document

    # -- reading

    def existing(self, call: Call) -> Resource:
        """The resource the call is about, or 404."""
        resource = self._cloud.resources.get(call.request.host, call.name)
        if resource is None:
            raise ApiError(404, f"Resource not found: {call.name}")
        return resource

    def get(self, call: Call, method: Method) -> Resource:
        return self.existing(call)

    def list(self, call: Call, method: Method) -> Resource:
        if "filter" in call.query:
            raise ApiError(
                501, f"{method.id}: the local cloud does not filter lists (filter={call.query['filter']!r})."
            )
        self._require_parent(call)
        items = self._cloud.resources.children(call.request.host, call.name, method.collection)
        return page(items, self._items_key(method), call.query)

    def _items_key(self, method: Method) -> str:
        properties = method.document.schemas[method.response or ""]["properties"]
        lists = [name for name, schema in properties.items() if "$ref" in schema.get("items", {})]
        if not lists:  # a list of names alone, such as that of logs
            raise ApiError(501, f"{method.id} is not part of the local cloud.")
        return method.collection if method.collection in lists else lists[0]

    # -- writing

    def create(self, call: Call, method: Method) -> Resource:
        if method.verb == "PUT":
            name = call.name
            names.check_id(call.request.host, method.collection, name.rpartition("/")[2])
        else:
            self._require_parent(call)
            identifier = names.check_id(call.request.host, method.collection, new_id(call, method))
            name = f"{call.name}/{method.collection}/{identifier}"
        resource = {**canon.canonical(method.document, method.request or "", call.body), "name": name}
        self._stamp(method, resource)
        return self.store(call, name, resource)

    def store(self, call: Call, name: str, resource: Resource) -> Resource:
        """Keep a new resource under `name`, extras added; the answer of the call. 409 if it exists."""
        method = self._catalogue.method(call.method_id)
        if self._cloud.resources.get(call.request.host, name) is not None:
            raise ApiError(409, f"Resource '{name}' already exists.")
        return self.keep(call, method, name, resource)

    def keep(self, call: Call, method: Method, name: str, resource: Resource) -> Resource:
        for extra in self._extras(method):
            extra(call, resource)
        if call.query.get("validateOnly") == "true":
            return self.finish(call, name, resource)
        self._cloud.resources.put(call.request.host, name, resource)
        return self.finish(call, name, resource)

    def patch(self, call: Call, method: Method) -> Resource:
        current = self.existing(call)
        sent = call.body.get("etag")
        if sent and sent != current.get("etag", sent):
            why = f"The etag {sent} of {call.name} is outdated: it is {current['etag']} now. Read it again."
            raise ApiError(409, why, status="ABORTED")
        schema = method.request or ""
        body = canon.canonical(method.document, schema, call.body)
        fields = self._mask(call, method, schema)
        changed = merge(current, body, fields)
        changed["name"] = current.get("name", call.name)
        properties = method.document.schemas[schema].get("properties", {})
        if "updateTime" in properties:
            changed["updateTime"] = self.now()
        if "etag" in current:
            changed["etag"] = new_etag()
        if "generation" in current:
            changed["generation"] = changed["observedGeneration"] = str(int(current["generation"]) + 1)
        return self.keep(call, method, call.name, changed)

    def _mask(self, call: Call, method: Method, schema: str) -> list[str]:
        """The fields to take over: the mask's; without one those sent; all that can be written for PUT and `*`."""
        writable = canon.writable(method.document, schema) - {"name", "etag"}
        mask = call.query.get("updateMask") or call.query.get("update_mask") or ""
        if mask == "*" or (not mask and method.verb == "PUT"):
            return sorted(writable)
        if not mask:
            return sorted(writable & {camel_case(name) for name in call.body})
        fields = [camel_case(field.strip()) for field in mask.split(",") if field.strip()]
        properties = method.document.schemas[schema].get("properties", {})
        for field in fields:
            if field.split(".")[0] not in properties:
                raise ApiError(400, f"Invalid field mask: '{field}' is not a field of {schema}.")
        return fields

    def delete(self, call: Call, method: Method) -> Resource:
        self.existing(call)
        self.remove(call.request.host, call.name)
        return self.finish(call, call.name, {}, "google.protobuf.Empty")

    def remove(self, host: str, name: str) -> None:
        """Take a resource and everything below it away, with the policies; tells who wants to know."""
        gone = [name, *self._cloud.resources.below(host, name)]
        self._cloud.resources.delete(host, name)
        self._cloud.iam.forget(names.full(self._cloud, host, name))
        for listener in self._cloud.on_delete:
            for each in gone:
                listener(host, each)

    # -- answers

    def finish(self, call: Call, name: str, resource: Resource, kind: str = "") -> Resource:
        """The resource, or a finished operation around it if the document says that the method answers with one."""
        method = self._catalogue.method(call.method_id)
        if not method.is_operation:
            return resource
        response = {"@type": f"type.googleapis.com/{kind or method.request or method.collection}", **resource}
        host, prefix = call.request.host, operation_prefix(call.request.host, name)
        operation = self._cloud.operations.new(host, prefix, {"target": name, "verb": method.leaf})
        return self._cloud.operations.finish(host, operation, response)

    def now(self) -> str:
        return timestamp(self._cloud.clock())

    def _stamp(self, method: Method, resource: Resource) -> None:
        properties = method.document.schemas[method.request or ""].get("properties", {})
        for field, value in (("createTime", self.now), ("updateTime", self.now), ("uid", new_uid), ("etag", new_etag)):
            if field in properties:
                resource[field] = value()

    def _require_parent(self, call: Call) -> None:
        parent = call.name
        if "/-" in parent or not names.has_parent_resource(parent):
            return
        if self._cloud.resources.get(call.request.host, parent) is None:
            raise ApiError(404, f"Resource not found: {parent}")


def operation_prefix(host: str, name: str) -> str:
    """Under what the operations of a resource live: dataset, location, itself, or (Firebase, Service Usage) nothing."""
    parts = name.split("/")
    if host in ("cloudresourcemanager.googleapis.com", "firebase.googleapis.com", "serviceusage.googleapis.com"):
        return ""
    if host in ("iam.googleapis.com", "firebasehosting.googleapis.com"):
        return name
    return "/".join(parts[:6] if host == "healthcare.googleapis.com" else parts[:4])


def new_id(call: Call, method: Method) -> str:
    """The id a create asks for: its `…Id` parameter, else the end of the body's `name`, else one we make."""
    for name, value in call.query.items():
        if name.endswith(("Id", "_id")) and camel_case(name) != "requestId" and camel_case(name) in method.query:
            return value
    return str(call.body.get("name") or "").rsplit("/", 1)[-1] or uuid.uuid4().hex
