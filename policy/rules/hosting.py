"""Where the viewer is served and what may be near images of patients."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.durations import at_most
from policy.resource_view import Seen
from policy.rule import Finding, Need, needs, rule, stack_rule
from policy.stack import Stack

PREVIEW_API = re.compile(r"/v\d+(?:alpha|beta)\d*(?:/|$)")
STORE = "gcp:healthcare/dicomStore:DicomStore"
SAYS_URLS = {
    "gcp:cloudrunv2/job:Job": "template.template.containers[].envs[].value",
    "gcp:secretmanager/secretVersion:SecretVersion": "secretData",
    "gcp:cloudscheduler/job:Job": "httpTarget.uri",
}
STAGED = ("gcp:cloudrunv2/job:Job", "gcp:cloudrunv2/service:Service")


@stack_rule("no-phi-on-firebase", "13 34", "*")
def no_phi_on_firebase(stack: Stack, seen: Seen) -> Iterator[Finding]:
    """Nothing of Firebase is near images of patients: Google's BAA does not cover it, and its logs would hold UIDs."""
    if seen.type.startswith("gcp:firebase/") and stack.data_class == "phi":
        yield Finding("is Firebase's, which Google's BAA does not cover, beside phi", "Set viewerHost to cloud_run.")


@stack_rule("only-released-apis-with-phi", "13", (STORE, *SAYS_URLS))
def only_released_apis_with_phi(stack: Stack, seen: Seen) -> Iterator[Finding]:
    """With images of patients nothing in their path is a preview of Google's."""
    if stack.data_class != "phi":
        return
    if seen.type == STORE and seen.get("streamConfigs"):
        yield Finding("streams to BigQuery, which is Beta", "Remove streamConfigs.")
    for text in seen.each(SAYS_URLS[seen.type]) if seen.type in SAYS_URLS else ():
        if PREVIEW_API.search(str(text)):
            yield Finding("uses a preview version of an API with phi", "Use the API's v1.")


@stack_rule("only-released-features-with-phi", "13", STAGED, reads=("launchStage",))
def only_released_features_with_phi(stack: Stack, seen: Seen) -> Iterator[Finding]:
    """With images of patients no resource opts into a preview."""
    if stack.data_class == "phi" and seen.get("launchStage") not in (None, "GA"):
        yield Finding(f"opts into {seen.get('launchStage')} features with phi", 'Set launchStage to "GA".')


SHORT = needs(
    "preview-ends",
    "38",
    "gcp:firebase/hostingChannel:HostingChannel",
    "A preview of the viewer ends by itself within a week.",
    Need("ttl", at_most(7), "stays on the internet when everybody has forgotten it", 'Set ttl to "604800s" or less.'),
)


@rule("no-open-api-key", "38", "gcp:projects/apiKey:ApiKey", holds=("restrictions",))
def no_open_api_key(key: Seen) -> Iterator[Finding]:
    """An API key, which a page publishes, is restricted to one API and to the site's own pages."""
    if not (key.get("restrictions.apiTargets") and key.get("restrictions.browserKeyRestrictions")):
        yield Finding("works for every API from everywhere", "Set restrictions.apiTargets and browserKeyRestrictions.")


@rule("budget-tells-somebody", "", "gcp:billing/budget:Budget", holds=("thresholdRules",))
def budget_tells_somebody(budget: Seen) -> Iterator[Finding]:
    """A budget says at which part of it somebody is told."""
    if not budget.get("thresholdRules"):
        yield Finding("tells nobody that it is used up", "Set thresholdRules.")


RULES = (
    no_phi_on_firebase,
    only_released_apis_with_phi,
    only_released_features_with_phi,
    SHORT,
    no_open_api_key,
    budget_tells_somebody,
)
