"""For each rule the smallest declaration that breaks it, and one that does not: what runs, delivery, logs, viewer."""

from __future__ import annotations

import json
from typing import Any

from policy.resource import Resource
from policy.rules.alerts import DEEDS, TROUBLES
from policy.rules.audit import AUDITED, LOG_TYPES, LOGS
from policy.rules.delivery import GITHUB
from policy.rules.secrets import SCOPES
from tests.policy.fixtures import AGENT, DAY, DEIDENTIFIED, DISPOSABLE, PHI, Case, r, store

DIGEST = f"europe-west4-docker.pkg.dev/p/images/prepare@sha256:{'ab' * 32}"
ACCOUNT = "imaging-job@p.iam.gserviceaccount.com"
POOL = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github"


def job(container: dict[str, Any] | None = None, **template: Any) -> Resource:
    return r("cloudrunv2/job:Job", "job", template={"template": {**template, "containers": [container or {}]}})


def service(**properties: Any) -> Resource:
    return r("cloudrunv2/service:Service", "service", **properties)


def env(name: str, value: str) -> Resource:
    return job({"envs": [{"name": name, "value": value}]})


def trigger(**properties: Any) -> Resource:
    return r("cloudbuild/trigger:Trigger", "trigger", **properties)


def pushed(branch: str, **properties: Any) -> Resource:
    return trigger(repositoryEventConfig={"push": {"branch": branch}}, **properties)


def pulled(**pull: Any) -> Resource:
    return trigger(repositoryEventConfig={"pullRequest": {"branch": "^main$", **pull}})


def audit(service: str, *log_types: str) -> Resource:
    logs = [{"logType": log_type} for log_type in log_types]
    return r("projects/iAMAuditConfig:IAMAuditConfig", service, service=service, auditLogConfigs=logs)


def log_bucket(**properties: Any) -> Resource:
    return r("logging/projectBucketConfig:ProjectBucketConfig", bucketId="audit", **properties)


def sink(**properties: Any) -> Resource:
    everything = " OR ".join(f'log_id("{log}")' for log in LOGS)
    usual = {"filter": everything, "destination": "logging.googleapis.com/projects/p/locations/x/buckets/audit"}
    return r("logging/projectSink:ProjectSink", **{**usual, **properties})


def exclusion(**properties: Any) -> Resource:
    usual = {"filter": f'log_id("{LOGS[1]}") AND NOT protoPayload.methodName=~"(ExportDicomData|setIamPolicy)$"'}
    return r("logging/projectExclusion:ProjectExclusion", **{**usual, **properties})


def log_view(text: str) -> Resource:
    return r("logging/logView:LogView", filter=text)


def alert(text: str, **properties: Any) -> Resource:
    return r("monitoring/alertPolicy:AlertPolicy", conditions=[{"conditionMatchedLog": {"filter": text}}], **properties)


def secret(**properties: Any) -> Resource:
    return r("secretmanager/secret:Secret", **properties)


def version(secret: str, data: str = "x") -> Resource:
    return r("secretmanager/secretVersion:SecretVersion", secret=f"projects/p/secrets/{secret}", secretData=data)


def account(member: str, of: str = "imaging-previewer@p") -> Resource:
    return r("serviceaccount/iAMMember:IAMMember", member=member, role="roles/x", serviceAccountId=of)


def repository(*cleanup: dict[str, Any], **properties: Any) -> Resource:
    return r("artifactregistry/repository:Repository", cleanupPolicies=list(cleanup), **properties)


KEEPS = {"action": "KEEP", "mostRecentVersions": {"keepCount": 5}}
CLEANS = {"action": "DELETE", "condition": {"tagState": "UNTAGGED", "olderThan": "2592000s"}}
RUNNING = {"cpu": "1", "memory": "1Gi"}
SITE = r("firebase/hostingSite:HostingSite")
MADE = r(
    "serviceaccount/account:Account",
    accountId="imaging-job",
    project="my-imaging",
    displayName="imaging-job",
    description="Runs the study job",
)
STARTER = r("eventarc/trigger:Trigger", serviceAccount=ACCOUNT)
ALL_DEEDS = alert(" ".join(word for words in DEEDS.values() for word in words))
ALL_TROUBLES = alert(" ".join(word for _, words in TROUBLES.values() for word in words))
CONFIG = json.dumps({"oidc": {"scope": " ".join(sorted(SCOPES))}})
WIDE = json.dumps({"oidc": {"scope": "openid https://www.googleapis.com/auth/cloud-platform"}})


def connection(number: str) -> Resource:
    credential = {"oauthTokenSecretVersion": f"projects/p/secrets/github-token/versions/{number}"}
    return r("cloudbuildv2/connection:Connection", githubConfig={"authorizerCredential": credential})


def provider(condition: str) -> Resource:
    type_ = "iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
    return r(type_, oidc={"issuerUri": GITHUB}, attributeCondition=condition)


def subscription(name: str = "s", **properties: Any) -> Resource:
    return r("pubsub/subscription:Subscription", name, **properties)


RUNNING_CASES: dict[str, Case] = {
    "no-account-key": ([r("serviceaccount/key:Key")], [MADE]),
    "no-credentials-in-the-provider": (
        [r("pulumi:providers:gcp", credentials="{}")], [r("pulumi:providers:gcp", project="p")],
    ),
    "provider-asks-google": (
        [r("pulumi:providers:gcp", healthcareCustomEndpoint="https://evil.example/")],
        [r("pulumi:providers:gcp", project="p", region="europe-west4")],
    ),
    "addresses-are-known": (
        [env("URL", "https://evil.example/v1"), PHI], [env("URL", "https://healthcare.googleapis.com/v1"), PHI],
    ),
    "stays-in-its-project": (
        [env("A", "projects/p/topics/t"), env("B", "projects/p/topics/u"), subscription(topic="projects/q/topics/t")],
        [env("A", "projects/p/topics/t"), env("B", "projects/p/topics/u"), subscription(topic="projects/p/topics/t")],
    ),
    "messages-may-flow": (
        [store("raw", "phi", notificationConfig={"pubsubTopic": "projects/p/topics/t"})],
        [
            store("raw", "phi", notificationConfig={"pubsubTopic": "projects/p/topics/t"}),
            r("pubsub/topicIAMMember:TopicIAMMember", topic="t", role="roles/pubsub.publisher", member=AGENT),
        ],
    ),
    "log-view-is-read": (
        [log_view("")],
        [log_view(""), r("logging/logViewIamMember:LogViewIamMember", role="roles/logging.viewAccessor",
                         name="None", bucket="None")],
    ),
    "is-reviewed": ([r("command:local:Command", create="id")], [MADE]),
    "runs-as-its-own-account": (
        [job(serviceAccount="1-compute@developer.gserviceaccount.com")], [job(serviceAccount=ACCOUNT)],
    ),
    "runs-as-an-account-of-the-stack": ([job(serviceAccount=ACCOUNT)], [job(serviceAccount=ACCOUNT), MADE]),
    "no-shared-account": ([job(serviceAccount=ACCOUNT), STARTER], [job(serviceAccount="other@p"), STARTER]),
    "all-access-is-logged": ([audit("a", "DATA_READ")], [audit("a", *LOG_TYPES)]),
    "every-sensitive-service-is-logged": ([audit("a")], [audit(name) for name in AUDITED]),
    "audit-logs-are-kept": ([PHI, log_bucket(retentionDays=2190)], [PHI, log_bucket(retentionDays=2190, locked=True)]),
    "lock-only-with-a-retention": ([log_bucket(locked=True)], [log_bucket(locked=True, retentionDays=400)]),
    "audit-logs-have-a-sink": ([log_bucket(), sink(filter=LOGS[0])], [log_bucket(), sink()]),
    "sink-leaves-nothing-out": ([sink(uniqueWriterIdentity=True, exclusions=[{}])], [sink(uniqueWriterIdentity=True)]),
    "data-access-is-kept-once": (
        [sink(), exclusion(filter="severity<ERROR")],
        [sink(), exclusion()],
    ),
    "only-kept-logs-are-excluded": ([exclusion(filter=f'log_id("{LOGS[1]}")')], [sink(), exclusion()]),
    "log-view-shows-one-log": ([log_view("")], [log_view('LOG_ID("cloudaudit.googleapis.com/data_access")')]),
    "deeds-raise-alerts": ([alert("setIam")], [ALL_DEEDS]),
    "troubles-raise-alerts": ([subscription(), job(), alert("x")], [subscription(), job(), ALL_TROUBLES]),
    "alert-reaches-somebody": ([PHI, alert("x")], [PHI, alert("x", notificationChannels=["c"])]),
    "alert-says-what-to-do": ([alert("x")], [alert("x", documentation={"content": "docs/runbook.md#x"})]),
    "metric-has-an-alert": (
        [r("logging/metric:Metric", name="exports")],
        [r("logging/metric:Metric", name="exports"), alert('metric.type="logging.googleapis.com/user/exports"')],
    ),
    "subscriptions-stay": ([subscription()], [subscription(expirationPolicy={"ttl": ""})]),
    "messages-wait": (
        [subscription(messageRetentionDuration="600s")], [subscription(messageRetentionDuration=f"{7 * DAY}s")],
    ),
    "subscription-is-fed": (
        [PHI, subscription(topic="t")],
        [store("raw", "phi", notificationConfig={"pubsubTopic": "t"}), subscription(topic="t")],
    ),
    "unreadable-messages-are-set-aside": (
        [subscription(deadLetterPolicy={"deadLetterTopic": "dead"})],
        [subscription(deadLetterPolicy={"deadLetterTopic": "dead"}), subscription("d", topic="dead")],
    ),
    "registry-moves-no-tag": (
        [repository(dockerConfig={"immutableTags": False})],
        [repository(
            dockerConfig={"immutableTags": True}, cleanupPolicyDryRun=False,
            vulnerabilityScanningConfig={"enablementConfig": "INHERITED"},
        )],
    ),
    "registry-keeps-what-runs": ([repository(CLEANS)], [repository(CLEANS, KEEPS)]),
    "images-are-scanned": (
        [repository()], [repository(), r("projects/service:Service", service="containerscanning.googleapis.com")],
    ),
    "image-by-digest": ([job({"image": "gcr.io/p/prepare:latest"})], [job({"image": DIGEST})]),
    "no-way-around-attestation": (
        [service(binaryAuthorization={"breakglassJustification": "late"})],
        [service(binaryAuthorization={"useDefault": True})],
    ),
    "images-are-attested": ([service()], [service(binaryAuthorization={"useDefault": True})]),
    "job-is-bounded": (
        [job({"commands": ["x"]})],
        [r("cloudrunv2/job:Job", template={"taskCount": 1.0, "template": {
            "timeout": "600s", "maxRetries": 0.0, "containers": [{"commands": ["x"], "resources": {"limits": RUNNING}}],
        }})],
    ),
    "viewer-behind-the-proxy": (
        [service(iapEnabled=False)], [service(iapEnabled=True, template={"scaling": {"maxInstanceCount": 4}})],
    ),
    "running-is-protected": (
        [DEIDENTIFIED, service()], [DISPOSABLE, service(), r("storage/bucket:Bucket", forceDestroy=True)],
    ),
    "schedule-signs-in": (
        [r("cloudscheduler/job:Job", httpTarget={"uri": "https://x"})],
        [r("cloudscheduler/job:Job", httpTarget={"oauthToken": {"serviceAccountEmail": ACCOUNT}})],
    ),
    "over-https": ([env("URL", "http://127.0.0.1:1/"), PHI], [env("URL", "http://127.0.0.1:1/"), DISPOSABLE]),
    "no-secret-value-in-pulumi": ([version("github-token")], [version("viewer-config")]),
    "published-secret-is-no-secret": ([version("viewer-config", WIDE)], [version("viewer-config", CONFIG)]),
    "secret-in-chosen-regions": (
        [secret(replication={"auto": {}})], [secret(replication={"userManaged": {"replicas": [{"location": "x"}]}})],
    ),
    "secret-has-a-topic": ([secret(topics=[])], [secret(topics=[{"name": "t"}])]),
    "secret-rotation-is-short": (
        [secret(rotation={"rotationPeriod": f"{91 * DAY}s"})], [secret(rotation={"rotationPeriod": f"{90 * DAY}s"})],
    ),
    "secret-rotates": ([secret(secretId="github-token")], [secret(secretId="viewer-config")]),
    "secret-version-lingers": ([secret()], [secret(versionDestroyTtl=f"{DAY}s")]),
    "secret-version-is-pinned": ([connection("latest"), PHI], [connection("3"), PHI]),
    "no-secret-in-the-environment": ([env("DB_PASSWORD", "x")], [env("QUIET_SECONDS", "30")]),
    "push-from-one-branch": ([pushed("main")], [pushed("^main$")]),
    "prod-deploys-need-approval": (
        [pushed("^main$"), PHI], [pushed("^main$", approvalConfig={"approvalRequired": True}), PHI],
    ),
    "pull-requests-wait-for-a-word": ([pulled()], [pulled(commentControl="COMMENTS_ENABLED")]),
    "build-logs-to-cloud-logging": (
        [trigger(build={"steps": []})], [trigger(build={"options": {"logging": "CLOUD_LOGGING_ONLY"}})],
    ),
    "build-from-a-reviewed-file": ([trigger(build={"steps": []})], [trigger(filename="delivery/deploy.yaml")]),
    "repository-over-https": (
        [r("cloudbuildv2/repository:Repository", remoteUri="https://x:token@github.com/lab/p.git")],
        [r("cloudbuildv2/repository:Repository", remoteUri="https://github.com/lab/p.git")],
    ),
    "federation-is-bound": (
        [provider("assertion.repository_id == '4711' || assertion.ref == 'main'")],
        [provider("assertion.repository_id == '4711' && (assertion.ref == 'a' || assertion.ref == 'b')")],
    ),
    "no-whole-pool": ([account(f"{POOL}/*")], [account(f"{POOL}/attribute.repository_id/4711")]),
    "no-deployer-from-outside": (
        [account(f"{POOL}/attribute.repository_id/4711", "imaging-deployer@p")],
        [account(f"{POOL}/attribute.repository_id/4711")],
    ),
    "no-phi-on-firebase": ([PHI, SITE], [DISPOSABLE, SITE]),
    "only-released-apis-with-phi": (
        [store("raw", "phi", streamConfigs=[{}]), env("ROOT", "https://healthcare.googleapis.com/v1beta1/")],
        [PHI, env("ROOT", "https://healthcare.googleapis.com/v1/")],
    ),
    "only-released-features-with-phi": ([PHI, service(launchStage="BETA")], [PHI, service(launchStage="GA")]),
    "preview-ends": (
        [r("firebase/hostingChannel:HostingChannel", ttl=f"{8 * DAY}s")],
        [r("firebase/hostingChannel:HostingChannel", ttl=f"{7 * DAY}s")],
    ),
    "no-open-api-key": (
        [r("projects/apiKey:ApiKey")],
        [r("projects/apiKey:ApiKey", restrictions={"apiTargets": [{}], "browserKeyRestrictions": {"x": []}})],
    ),
    "budget-tells-somebody": (
        [r("billing/budget:Budget")], [r("billing/budget:Budget", thresholdRules=[{"thresholdPercent": 0.9}])],
    ),
}  # fmt: skip
