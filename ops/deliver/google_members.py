"""Members that Google itself puts into a project's policy, so that a drift report is not about them for ever.

Only accounts of this very project: the same name with another project's number is a stranger. Editor is on no list: an
account that Google made may have it in an old organisation, and then somebody must take it away (`doctor` says how).
"""

from __future__ import annotations

import re

BUILDER, SERVICE_AGENT = "roles/cloudbuild.builds.builder", r"roles/[A-Za-z.]+[sS]erviceAgent"


def is_googles(member: str, role: str, project: str, number: str) -> bool:
    """Whether Google adds `member` with `role` to the policies of the project with this id and number."""
    account = member.removeprefix("serviceAccount:")
    if account == member:
        # The three basic groups of the project, which stand in the policies of its buckets.
        return bool(re.fullmatch(rf"project(Owner|Editor|Viewer):{re.escape(project)}", member))
    patterns = {
        rf"service-{number}@[a-z0-9.-]+\.gserviceaccount\.com": ".*",
        rf"{number}@cloudservices\.gserviceaccount\.com": ".*",
        rf"{number}@cloudbuild\.gserviceaccount\.com": BUILDER,
        rf"{number}-compute@developer\.gserviceaccount\.com": BUILDER,
        rf"{re.escape(project)}@appspot\.gserviceaccount\.com": BUILDER,
        # With Firebase: its own server-side library's account. That it may make tokens is in docs/security.md.
        rf"firebase-adminsdk-[a-z0-9]+@{re.escape(project)}\.iam\.gserviceaccount\.com": (
            rf"{SERVICE_AGENT}|roles/firebase\.sdkAdminServiceAgent|roles/iam\.serviceAccountTokenCreator"
            r"|roles/firebaseauth\.admin"
        ),
    }
    return any(re.fullmatch(who, account) and re.fullmatch(what, role) for who, what in patterns.items())
