"""The in-process deployer sends what the real provider sends, except for what `recording.DIFFERENCES` lists."""

from __future__ import annotations

import dataclasses
import functools
import re

import pytest

from engine import DeploymentFailed
from engine.api_request import ApiRequest
from engine.calls import log_buckets
from engine.calls.iam_members import TARGETS
from engine.types import ROWS
from tests import harness
from tests.engine.all_types.common import PROJECT
from tests.engine.all_types_program import program
from tests.engine.recording import DIFFERENCES, Difference, compare, ours, recorded

CONFIG = {"gcp:project": PROJECT}


@functools.cache
def graph() -> harness.Graph:
    return harness.deploy(program, config=CONFIG, awkward=frozenset())  # what was recorded met a Google that knew


def test_every_type_of_the_recording_is_deployed():
    nodes = graph().deployment.resources.values()

    assert len(nodes) == 69
    assert len({node.type for node in nodes if node.custom}) == 48


NOT_RECORDED = {
    "gcp:cloudrunv2/service:Service",
    "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
    "gcp:iap/webCloudRunServiceIamMember:WebCloudRunServiceIamMember",
    "gcp:logging/logView:LogView",
    "gcp:logging/projectExclusion:ProjectExclusion",
    "gcp:logging/logViewIamMember:LogViewIamMember",
    "gcp:logging/metric:Metric",
}
"""The viewer's service, the audit log's view, a count of log entries: rendered along Google's schema and the provider's
documentation, compared with no provider."""


def test_no_type_is_known_that_the_recording_does_not_hold():
    deployed = {node.type for node in graph().deployment.resources.values() if node.custom}

    assert {*ROWS, *TARGETS, log_buckets.TYPE} - NOT_RECORDED == deployed


def test_requests_are_those_of_the_real_provider():
    assert compare(recorded(), ours(graph().requests)) == []


@pytest.mark.parametrize("listed", DIFFERENCES, ids=lambda listed: listed.pattern)
def test_each_listed_difference_exists(listed: Difference):
    real = [sent for sent in recorded() if listed.covers(sent)]
    mine = [sent for sent in ours(graph().requests) if listed.covers(sent)]

    assert listed.reason
    assert real
    assert real != mine


def without(requests: list[ApiRequest], path: str) -> list[ApiRequest]:
    return [request for request in requests if not request.path.endswith(path)]


@pytest.mark.parametrize("path", ["/topics/dicom-dead", ":resume", ":addFirebase", "/jobs/worker:setIamPolicy"])
def test_a_request_that_is_missing_is_found(path: str):
    assert compare(recorded(), ours(without(graph().requests, path)))


SPOILED = {
    "the mark of Pulumi": ("gcp:pubsub/topic:Topic", {"labelled": False}, "goog-pulumi-provisioned"),
    "a default": ("gcp:artifactregistry/repository:Repository", {"defaults": {}}, "STANDARD_REPOSITORY"),
    "a plural": ("gcp:cloudbuild/trigger:Trigger", {"rename": {}}, "build.steps.envs: .* no field 'envs'"),
    "a number": ("gcp:cloudbuildv2/connection:Connection", {"numbers": frozenset()}, '"appInstallationId": "'),
    "a later step": ("gcp:secretmanager/secretVersion:SecretVersion", {"then": ()}, ":enable"),
    "a query": (
        "gcp:secretmanager/secret:Secret",
        {"create": "POST /v1/projects/{project}/secrets"},
        "secretId",
    ),
    "an empty object": ("gcp:secretmanager/secret:Secret", {"keep": frozenset()}, '"automatic": {}'),
}


@pytest.mark.parametrize("what", SPOILED)
def test_taking_out_what_a_row_says_is_found(what: str, monkeypatch: pytest.MonkeyPatch):
    type_, change, found = SPOILED[what]
    monkeypatch.setitem(ROWS, type_, dataclasses.replace(ROWS[type_], **change))

    try:
        spoiled = compare(recorded(), ours(harness.deploy(program, config=CONFIG, awkward=frozenset()).requests))
    except DeploymentFailed as error:
        spoiled = [str(error)]

    assert re.search(found, "\n".join(spoiled))


def test_a_second_run_with_the_former_deployment_sends_nothing_but_functions():
    again = harness.deploy(program, config=CONFIG, previous=graph())

    assert {node.status for node in again.deployment.resources.values() if node.custom} == {"same"}
    assert [request.method for request in again.requests] == ["GET"] * len(again.requests)
    assert len(again.deployment.invokes) == 2
