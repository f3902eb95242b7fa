"""Small graphs of resources, and what Pulumi's preview would print about going from one to the other."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ops.review.compare import plan_of
from ops.review.graph import Graph, GraphNode

STACK = "urn:pulumi:dev::imaging::pulumi:pulumi:Stack::imaging-dev"
DATASET = "gcp:healthcare/dataset:Dataset"
STORE = "gcp:healthcare/dicomStore:DicomStore"
BUCKET = "gcp:storage/bucket:Bucket"
TOPIC = "gcp:pubsub/topic:Topic"
ROLE = "gcp:projects/iAMCustomRole:IAMCustomRole"
STORE_GRANT = "gcp:healthcare/dicomStoreIamMember:DicomStoreIamMember"
PROJECT_GRANT = "gcp:projects/iAMMember:IAMMember"
BUCKET_GRANT = "gcp:storage/bucketIAMMember:BucketIAMMember"
ARCHIVE = "dicom-platform:components:ImagingArchive"
STORES = "projects/p/locations/l/datasets/imaging/dicomStores/"
JOB = "serviceAccount:job@p.iam.gserviceaccount.com"


def node(type_: str, name: str, parent: str = "", /, **changes: Any) -> GraphNode:
    """A resource; keywords of `GraphNode` are those, all others are inputs."""
    own = {key: changes.pop(key) for key in ("protect", "aliases", "ignored", "retain_on_delete") if key in changes}
    chain = f"{parent.split('::')[2]}$" if parent else ""
    urn = f"urn:pulumi:dev::imaging::{chain}{type_}::{name}"
    return GraphNode(urn=urn, type=type_, name=name, parent=parent or STACK, inputs=changes, **own)


def graph(*nodes: GraphNode) -> Graph:
    return Graph(stack="dev", nodes=nodes)


def dataset(**changes: Any) -> GraphNode:
    settled = {"project": "p", "name": "imaging", "location": "europe-west4", "deletionPolicy": "PREVENT"}
    return node(DATASET, "archive-dataset", **{"protect": True, **settled, **changes})


def role(*permissions: str) -> GraphNode:
    return node(ROLE, "access-job", project="p", roleId="dicomJob", permissions=list(permissions))


def grant(store: str = "raw", member: str = JOB, role: str = "projects/p/roles/dicomJob", **more: Any) -> GraphNode:
    return node(STORE_GRANT, f"job-on-{store}", dicomStoreId=STORES + store, member=member, role=role, **more)


def with_inputs(old: GraphNode, **changes: Any) -> GraphNode:
    return replace(old, inputs={**old.inputs, **changes})


def previewed(before: Graph, after: Graph) -> list[dict[str, Any]]:
    """The steps of `pulumi preview --json` for the same change, a replacement as the three that the engine takes."""
    steps: list[dict[str, Any]] = []
    for step in plan_of(before, after).steps:
        old = _state(before, step.former_urn or step.urn) if step.before else None
        new = _state(after, step.urn) if step.after else None
        ops = ["create-replacement", "replace", "delete-replaced"] if step.op == "replace" else [step.op]
        for op in ops:
            entry: dict[str, Any] = {"op": op, "urn": step.urn, "detailedDiff": None}
            entry |= {"oldState": old} if old and op not in ("create", "create-replacement") else {}
            entry |= {"newState": new} if new and op not in ("delete", "delete-replaced") else {}
            entry |= {"oldState": old} if op == "create-replacement" else {}
            if op in ("update", "replace", "create-replacement"):
                entry["diffReasons"] = list(step.changed)
                entry["replaceReasons"] = list(step.replacing)
                fixed = {key: "-replace" * (key in step.replacing) for key in step.changed}
                entry["detailedDiff"] = {f"{key}[0].x": {"kind": f"update{end}"} for key, end in fixed.items()}
            steps.append(entry)
    return steps


def digest(before: Graph, after: Graph, **more: Any) -> str:
    return json.dumps({"config": {}, "steps": previewed(before, after), "duration": 1, "changeSummary": {}, **more})


def _state(of: Graph, urn: str) -> dict[str, Any]:
    found = next(node for node in of.nodes if node.urn == urn)
    state = {"urn": found.urn, "custom": True, "type": found.type, "inputs": found.inputs, "parent": found.parent}
    return state | ({"protect": True} if found.protect else {})
