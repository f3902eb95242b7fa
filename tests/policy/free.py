"""Properties whose loss no rule has to notice, and why. Whatever is declared and not in here must be held by a rule.

Reviewed by hand. A new property of the stack makes the mutation test fail until there is a rule for it or a line here.
"""

from __future__ import annotations

import re

WORDS = "words for people, or a name that follows from something else"
REFUSED = "Google refuses the resource without it"
MATRIX = "a grant less or elsewhere: the least-privilege matrix is compared with a reviewed file"
GATE = "a resource less: the plan gate and the component's own tests look at that"
DEFAULT = "without it Google does the same"
TUNING = "how fast or how much, which the jobs' and benchmarks' tests look at"
STRICTER = "without it more is kept, not less"

PROMISE = "what is promised and shown is a choice, which the components' own tests hold"

EVERYWHERE = {
    r"(description|displayName|title)": WORDS,
    r"project": DEFAULT,
    r"(userLabels|labels)(\..*)?": WORDS,
}
FREE: dict[str, dict[str, str]] = {
    r"gcp:artifactregistry/repository:Repository": {
        r"\*": GATE, r"format|repositoryId": REFUSED, r"cleanupPolicies\[\]\.id": WORDS,
    },
    r"gcp:cloudbuild/trigger:Trigger": {
        r"\*": GATE,
        r"approvalConfig(\.approvalRequired)?": "only what a push starts needs approval",
        r"(gitFileSource|sourceToBuild)\.repo(sitory|Type)|repositoryEventConfig\.repository": REFUSED,
        r"name|substitutions.*": WORDS,
    },
    r"gcp:cloudbuildv2/(connection|repository):\w+": {
        r"\*": GATE, r"name": WORDS, r"githubConfig\.appInstallationId|parentConnection": REFUSED,
    },
    r"gcp:cloudrunv2/job:Job": {
        r"\*": GATE, r"name": WORDS, r"template\.parallelism": TUNING,
        r"template\.template\.containers\[\]\.(args|commands\[\]|envs.*)": "tests/infra holds what the job is told",
    },
    r"gcp:cloudrunv2/service:Service": {
        r"\*": GATE, r"name": WORDS, r"ingress|invokerIamDisabled|launchStage": DEFAULT,
        r"template\.containers\[\]\.(ports|resources).*": TUNING,
        r"template\.(executionEnvironment|maxInstanceRequestConcurrency|scaling\.minInstanceCount|timeout)": TUNING,
    },
    r"gcp:cloudscheduler/job:Job": {
        r"\*": GATE, r"name": WORDS, r"attemptDeadline|retryConfig.*|timeZone|httpTarget\.httpMethod": TUNING,
        r"schedule|httpTarget\.uri": REFUSED,
        r"httpTarget\.(body|headers)": "without them it only starts the job as usual; tests/components holds both",
    },
    r"gcp:eventarc/trigger:Trigger": {
        r"\*": GATE, r"name": WORDS, r"(destination|matchingCriterias|transport).*": REFUSED,
    },
    r"gcp:firebase/\w+:\w+": {
        r"\*": GATE, r"certPreference|waitDnsVerification|deletionPolicy": TUNING,
        r"customDomain|siteId|appId": REFUSED,
    },
    r"gcp:healthcare/(dataset|dicomStore):\w+": {r"\*": GATE},
    r"gcp:logging/projectBucketConfig:ProjectBucketConfig": {r"locked": "only phi is locked"},
    r"gcp:iam/workloadIdentityPool(Provider)?:\w+": {
        r"\*|workloadIdentityPool(Provider)?Id|attributeMapping.*": "without it nobody comes in",
        r"oidc": REFUSED,
    },
    r"gcp:logging/logView:LogView": {r"\*": GATE, r"parent|bucket|location|name": REFUSED},
    r"gcp:logging/metric:Metric": {r"\*": PROMISE},
    r"gcp:logging/project(Exclusion|Sink):\w+": {r"name": WORDS},
    r"gcp:monitoring/alertPolicy:AlertPolicy": {
        r"alertStrategy.*|severity": TUNING, r"combiner|.*[dD]isplayName": REFUSED,
        r".*labelExtractors.*|documentation\.(mimeType|subject)": WORDS,
        r"\*|conditions.*": "the alerts of promises; those of deeds and troubles are on the list of what must be there",
        r"notificationChannels(\[\])?": "only beside phi somebody must be told",
    },
    r"gcp:monitoring/(slo|customService|uptimeCheckConfig|dashboard):\w+": {
        r"\*|goal|rollingPeriodDays|service|serviceId|sloId|windowsBasedSli.*|dashboardJson": PROMISE,
        r"httpCheck.*|monitoredResource.*|period|timeout": PROMISE,
    },
    r"gcp:monitoring/notificationChannel:NotificationChannel": {r"\*|type": REFUSED},
    r"gcp:projects/iAMCustomRole:IAMCustomRole": {r"\*": MATRIX, r"roleId": REFUSED, r"stage": DEFAULT},
    r"gcp:projects/(service|serviceIdentity):\w+": {r"\*": GATE, r"service": REFUSED},
    r"gcp:projects/iAMAuditConfig:IAMAuditConfig": {},
    r"gcp:pubsub/subscription:Subscription": {
        r"ackDeadlineSeconds|retryPolicy.*|deadLetterPolicy\.maxDeliveryAttempts": TUNING, r"name": WORDS,
    },
    r"gcp:pubsub/topic:Topic": {r"\*": GATE, r"name": WORDS},
    r"gcp:secretmanager/secret:Secret": {
        r"\*": GATE, r"annotations.*": WORDS, r"secretId|topics\[\]\.name": REFUSED,
        r"versionDestroyTtl": "a rule that should, not must, hold",
    },
    r"gcp:secretmanager/secretVersion:SecretVersion": {r"\*": GATE},
    r"gcp:serviceaccount/account:Account": {r"\*": MATRIX, r"accountId": REFUSED},
    r"gcp:storage/bucket:Bucket": {
        r"\*": GATE, r"name": WORDS, r"forceDestroy": DEFAULT,
        r"lifecycleRules(\[\](\.action(\.type)?|\.condition\.age)?)?": STRICTER,
    },
    r"gcp:workflows/workflow:Workflow": {
        r"\*": GATE, r"name|callLogLevel": WORDS, r"sourceContents|userEnvVars.*": "tests/services runs it as it is",
    },
    r".*(IAM|Iam)Member": {r".*": MATRIX},
    r"pulumi:providers:gcp": {r".*": "tests/infra/test_providers.py holds what the second provider is given"},
}  # fmt: skip
"""Pattern of a type → pattern of a general path (`*` is the resource itself) → why no rule is needed."""


JUDGED_ELSEWHERE = {
    "probe-subscription": "only smoke tests use it: no image and no message of an image is lost with it",
    "identities-deployer-role": MATRIX,
    "identities-previewer-role": MATRIX,
}
"""Names of single resources that are exempt, and why."""


def why_free(type_: str, path: str) -> str | None:
    """Why the loss of this property need not be noticed; None when it must."""
    for pattern, reason in EVERYWHERE.items():
        if re.fullmatch(pattern, path):
            return reason
    for types, wanted in FREE.items():
        if re.fullmatch(types, type_):
            return next((reason for pattern, reason in wanted.items() if re.fullmatch(pattern, path)), None)
    return None
