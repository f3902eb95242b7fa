"""Where the doctor, and whoever else looks at more than a delivery changes, finds Google's APIs."""

from __future__ import annotations

from infra.providers import KEYS, api_roots
from ops.client.google import GoogleApi
from ops.client.tokens import token_source
from ops.deliver.stack import Stack

ENDPOINTS = {
    **KEYS,
    "cloudbilling": "cloudBillingCustomEndpoint",
    "cloudkms": "kmsCustomEndpoint",
    "cloudresourcemanager": "resourceManagerCustomEndpoint",
    "firebase": "firebaseCustomEndpoint",
    "orgpolicy": "orgPolicyCustomEndpoint",
    "serviceusage": "serviceUsageCustomEndpoint",
}


def endpoints_of(stack: Stack) -> dict[str, str]:
    """An API whose endpoint the stack does not set is beside Cloud Storage: a local stack's is never Google's own."""
    roots = api_roots(stack.config, ENDPOINTS)
    named = {api: roots[api] for api, key in ENDPOINTS.items() if f"gcp:{key}" in stack.config}
    return {"storage": roots["storage"], **named}


def google_of(stack: Stack) -> GoogleApi:
    return GoogleApi(endpoints_of(stack), token_source(project=stack.settings.project))
