"""Accounts that Google made and that may do too much: default ones with Editor, Firebase's with tokens of all."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ops.client.google import Json
from ops.client.refusal import OpsRefused
from ops.operate.doctor import Diagnosis, Situation, unseen

DEFAULTS = re.compile(
    r"serviceAccount:(\d+-compute@developer|[a-z0-9.:-]+@appspot|\d+@cloudbuild)\.gserviceaccount\.com"
)
FIREBASES = re.compile(r"serviceAccount:firebase-adminsdk-[a-z0-9]+@[a-z0-9.:-]+\.iam\.gserviceaccount\.com")
BASIC = ("roles/owner", "roles/editor")
TOKENS = "roles/iam.serviceAccountTokenCreator"


def members(policy: Json) -> Iterator[tuple[str, str]]:
    """(member, role) of each grant in a policy."""
    for binding in policy.get("bindings", []):
        for member in binding.get("members", []):
            yield member, binding["role"]


def default_accounts(at: Situation) -> Iterator[Diagnosis]:
    """Nothing of ours runs as a default account: whoever gets code to run as one has all that it may do."""
    project = at.settings.project
    try:
        grants = sorted(set(members(at.project_policy())))
    except OpsRefused as refused:
        yield unseen("accounts", "the project's policy", refused, "roles/iam.securityReviewer on the project")
        return
    wide = [(member, role) for member, role in grants if role in BASIC and DEFAULTS.fullmatch(member)]
    for member, role in wide:
        take = f"gcloud projects remove-iam-policy-binding {project} --member={member} --role={role}"
        yield Diagnosis("accounts", "todo", f"Google's default account {member} has {role}", (take,))
    for member, role in grants:
        if role == TOKENS and FIREBASES.fullmatch(member):
            take = f"gcloud projects remove-iam-policy-binding {project} --member={member} --role={role}"
            words = f"Firebase's account {member} may act as every account of the project, and nothing here uses it"
            yield Diagnosis("accounts", "by hand", words, (take,))
    if not wide:
        yield Diagnosis("accounts", "ok", "no default account of Google's has Owner or Editor")
