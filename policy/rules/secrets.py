"""Secrets: their values are nowhere in Pulumi, and each is kept in one region, announced and renewed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, cast

from policy.durations import at_least, at_most
from policy.resource_view import Seen
from policy.rule import Finding, Need, needs, rule, stack_rule
from policy.stack import Stack

SECRET = "gcp:secretmanager/secret:Secret"  # noqa: S105 - a type's token
VERSION = "gcp:secretmanager/secretVersion:SecretVersion"
CONNECTION = "gcp:cloudbuildv2/connection:Connection"
PUBLISHED = ("viewer-config",)
"""Secrets whose value the viewer's site publishes anyway."""
RUNS = ("gcp:cloudrunv2/job:Job", "gcp:cloudrunv2/service:Service")
CONTAINERS = {RUNS[0]: "template.template.containers[].envs[]", RUNS[1]: "template.containers[].envs[]"}
PLAIN = {
    "gcp:workflows/workflow:Workflow": "userEnvVars",
    "gcp:cloudbuild/trigger:Trigger": "substitutions",
    "gcp:cloudscheduler/job:Job": "httpTarget.headers",
}
"""Type → a mapping of names to values that are shown to whoever may look at the resource."""
SECRETIVE = re.compile(r"(?i)(?:^|_)(?:\w*key|\w*token|\w*secret|passw(?:or)?d|pass|credentials?)(?:_|$)")
LOOKS_SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bAIza[\w-]{30,}|\bya29\.[\w-]{10,}"
    r"|\bxox[abps]-[\w-]{10,}|\bAKIA[0-9A-Z]{16}\b|\bGOCSPX-[\w-]{20,}|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\."
)


@rule("no-secret-value-in-pulumi", "23", VERSION, reads=("secretData",))
def no_secret_value_in_pulumi(version: Seen) -> Iterator[Finding]:
    """No secret's value passes through Pulumi, but for what the site publishes anyway."""
    secret = str(version.get("secret")).rpartition("/")[2]
    if secret not in PUBLISHED:
        yield Finding(
            f"puts a value of {secret} into configuration, plan and state",
            f"Remove it and add the value by hand: gcloud secrets versions add {secret} --data-file=-",
        )


@rule("published-secret-is-no-secret", "23 36", VERSION, holds=("secretData",))
def published_secret_is_no_secret(version: Seen) -> Iterator[Finding]:
    """What is published as the viewer's configuration is JSON with the few scopes that reading DICOM needs."""
    if str(version.get("secret")).rpartition("/")[2] not in PUBLISHED:
        return
    text = str(version.get("secretData") or "")
    try:
        content = cast("dict[str, Any]", json.loads(text))
    except ValueError:
        yield Finding("is not the viewer's configuration in JSON", "Render it with viewer/config.py.")
        return
    scopes = set(str(content.get("oidc", {}).get("scope", "")).split())
    if scopes != SCOPES:
        yield Finding(
            f"asks users for {' '.join(sorted(scopes)) or 'no scope'}, which is not what looking at slides needs",
            f"Ask for exactly: {' '.join(sorted(SCOPES))}.",
        )
    if LOOKS_SECRET.search(text):
        yield Finding("publishes what looks like a secret", "Remove it from the configuration and revoke it.")


SCOPES = {"openid", "email", "profile", "https://www.googleapis.com/auth/cloud-healthcare"}

IN_ONE_REGION = needs(
    "secret-in-chosen-regions",
    "9 24",
    SECRET,
    "A secret is kept in the regions that are named, not wherever Google likes.",
    Need(
        "replication.userManaged.replicas",
        bool,
        "is kept in regions that nobody chose",
        "Set replication.userManaged.replicas to the stack's region.",
    ),
)
ANNOUNCED = needs(
    "secret-has-a-topic",
    "24",
    SECRET,
    "A secret has a topic: without one Secret Manager can remind nobody.",
    Need("topics", bool, "has no topic, so nobody learns that it is due", "Set topics to the vault's topic."),
)


@rule("secret-rotation-is-short", "24", SECRET, holds=("rotation.rotationPeriod",))
def secret_rotation_is_short(secret: Seen) -> Iterator[Finding]:
    """Where a secret is renewed on schedule, that is every 90 days at least."""
    if secret.get("rotation") and not at_most(90)(secret.get("rotation.rotationPeriod")):
        yield Finding("is renewed less often than every 90 days", 'Set rotation.rotationPeriod to "7776000s".')


@rule("secret-rotates", "24", SECRET, holds=("rotation.rotationPeriod",), level="should")
def secret_rotates(secret: Seen) -> Iterator[Finding]:
    """A secret is renewed on schedule; what the site publishes anyway need not be."""
    if secret.get("secretId") not in PUBLISHED and not secret.get("rotation"):
        yield Finding("is never due for renewal", "Set githubTokenRotation to the time of the first reminder.")


@rule("secret-version-lingers", "24", SECRET, holds=("versionDestroyTtl",), level="should")
def secret_version_lingers(secret: Seen) -> Iterator[Finding]:
    """A destroyed version can be had back for a day."""
    if not at_least(1)(secret.get("versionDestroyTtl")):
        yield Finding("loses a version the moment it is destroyed", 'Set versionDestroyTtl to "86400s" or more.')


@stack_rule(
    "secret-version-is-pinned",
    "24",
    (CONNECTION, *RUNS),
    holds=("githubConfig.authorizerCredential.oauthTokenSecretVersion",),
)
def secret_version_is_pinned(stack: Stack, seen: Seen) -> Iterator[Finding]:
    """In prod a secret is used by its version's number: `latest` changes what runs without a deploy."""
    if seen.type == CONNECTION:
        used = [seen.get("githubConfig.authorizerCredential.oauthTokenSecretVersion")]
    else:
        references = seen.each(f"{CONTAINERS[seen.type]}.valueSource.secretKeyRef")
        used = [f"x/versions/{reference.get('version')}" for reference in references if reference]
    for version in used:
        if stack.environment == "prod" and not re.search(r"/versions/\d+$", str(version)):
            yield Finding("uses a secret without the number of a version", "Name the version, /versions/3.")


@rule("no-secret-in-the-environment", "25", (*RUNS, *PLAIN), reads=(*CONTAINERS.values(), *PLAIN.values()))
def no_secret_in_the_environment(seen: Seen) -> Iterator[Finding]:
    """No secret is a literal in an environment, a substitution or a header: everybody who may look sees these."""
    for name, value in literals(seen):
        if SECRETIVE.search(name) or LOOKS_SECRET.search(str(value)):
            yield Finding(
                f"carries {name} as a literal, readable in the console, the plan and the state",
                "Put the value into Secret Manager and refer to it (valueSource.secretKeyRef).",
            )


def literals(seen: Seen) -> Iterator[tuple[str, Any]]:
    """Names and values that the resource shows in clear."""
    if seen.type in PLAIN:
        yield from cast("dict[str, Any]", seen.get(PLAIN[seen.type]) or {}).items()
    else:
        for variable in seen.each(CONTAINERS[seen.type]):
            if not variable.get("valueSource"):
                yield str(variable.get("name")), variable.get("value")


RULES = (
    no_secret_value_in_pulumi,
    published_secret_is_no_secret,
    IN_ONE_REGION,
    ANNOUNCED,
    secret_rotation_is_short,
    secret_rotates,
    secret_version_lingers,
    secret_version_is_pinned,
    no_secret_in_the_environment,
)
