"""Identities: one a duty, attached to what runs, and no key that somebody could copy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from policy.resource_view import Seen
from policy.rule import Finding, rule, stack_rule
from policy.stack import Stack

ACCOUNT = "gcp:serviceaccount/account:Account"
RUNS_AS: Mapping[str, str] = {
    "gcp:cloudbuild/trigger:Trigger": "serviceAccount",
    "gcp:cloudrunv2/job:Job": "template.template.serviceAccount",
    "gcp:cloudrunv2/service:Service": "template.serviceAccount",
    "gcp:eventarc/trigger:Trigger": "serviceAccount",
    "gcp:workflows/workflow:Workflow": "serviceAccount",
    "gcp:cloudscheduler/job:Job": "httpTarget.oauthToken.serviceAccountEmail",
}
"""Type → where it says whom it runs as."""
DEFAULT = re.compile(r"@cloudbuild\.gserviceaccount\.com$|-compute@developer\.|@appspot\.gserviceaccount\.com$")
PROVIDER_SETTINGS = ("project", "region", "zone", "userProjectOverride", "billingProject", "version")
LOCAL_SETTINGS = ("universeDomain", "pollInterval", "batching", "disableGlobalProjectWarning")
THIS_MACHINE = re.compile(r"http://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?/")
WORKS_ALONE = ("gcp:cloudrunv2/job:Job", "gcp:cloudrunv2/service:Service")
"""What runs code on images or for browsers shares its account with nothing else."""


@rule("no-account-key", "16", ("gcp:serviceaccount/key:Key", "gcp:storage/hmacKey:HmacKey"))
def no_account_key(key: Seen) -> Iterator[Finding]:
    """No service account has a key: whoever copies the file is the account, for as long as it exists."""
    yield Finding(
        "is a secret that works from anywhere and never expires by itself",
        "Attach the account to what runs, or let it be impersonated (Workload Identity Federation).",
    )


@rule("no-credentials-in-the-provider", "16 26", "pulumi:providers:gcp", holds=("credentials", "accessToken"))
def no_credentials_in_the_provider(provider: Seen) -> Iterator[Finding]:
    """The provider takes its identity from its surroundings: what it is given ends in the state."""
    for name in ("credentials", "accessToken"):
        if provider.get(name):
            yield Finding(f"is given {name}, which then lies in the state", f"Remove gcp:{name}; sign in outside.")


@stack_rule("provider-asks-google", "16 26 34", "pulumi:providers:gcp")
def provider_asks_google(stack: Stack, provider: Seen) -> Iterator[Finding]:
    """The provider asks Google as whoever deploys: no other address, identity or set of credentials can be set.

    A local stack names this machine, and credentials that are of no use anywhere else.
    """
    local = stack.environment == "local"
    for name, value in provider.resource.properties.items():
        if name in PROVIDER_SETTINGS or not value or name.startswith("__"):
            continue
        if not (
            local and (name in LOCAL_SETTINGS or (name.endswith("CustomEndpoint") and THIS_MACHINE.match(str(value))))
        ):
            yield Finding(
                f"is given {name}, so requests, tokens and images may go elsewhere or as somebody else",
                f"Remove gcp:{name}: outside a local stack there are only {', '.join(PROVIDER_SETTINGS)}.",
            )


@rule("runs-as-its-own-account", "17 28", tuple(RUNS_AS), holds=tuple(dict.fromkeys(RUNS_AS.values())))
def runs_as_its_own_account(seen: Seen) -> Iterator[Finding]:
    """Whatever runs says as whom, and it is no default account, which may do far more than one duty."""
    account = seen.get(RUNS_AS[seen.type])
    if not account:
        yield Finding("says not as whom it runs, so it is a default account", f"Set {RUNS_AS[seen.type]}.")
    elif DEFAULT.search(str(account)):
        yield Finding(f"runs as the default account {account}", f"Set {RUNS_AS[seen.type]} to an account for it.")


@stack_rule("runs-as-an-account-of-the-stack", "17 19", tuple(RUNS_AS), reads=tuple(dict.fromkeys(RUNS_AS.values())))
def runs_as_an_account_of_the_stack(stack: Stack, seen: Seen) -> Iterator[Finding]:
    """Whatever runs does so as an account that this stack declares, so that its roles are in the matrix."""
    account = account_id(str(seen.get(RUNS_AS[seen.type]) or ""))
    if account and account not in {made.get("accountId") for made in stack.of(ACCOUNT)}:
        yield Finding(f"runs as {account}, which this stack does not declare", "Declare it among the duties.")


@stack_rule("no-shared-account", "19", WORKS_ALONE, reads=tuple(RUNS_AS[type_] for type_ in WORKS_ALONE))
def no_shared_account(stack: Stack, seen: Seen) -> Iterator[Finding]:
    """The job and the viewer's service each have an account that nothing else runs as."""
    mine = account_id(str(seen.get(RUNS_AS[seen.type]) or ""))
    for other in stack.of(*RUNS_AS):
        if other is not seen and mine and account_id(str(other.get(RUNS_AS[other.type]) or "")) == mine:
            yield Finding(f"shares the account {mine} with {other.name}", "Give each of them an account of its own.")


def account_id(reference: str) -> str:
    """`imaging-job` of an e-mail or of `projects/P/serviceAccounts/E-MAIL`."""
    return reference.rpartition("/")[2].removeprefix("serviceAccount:").partition("@")[0]


RULES = (
    no_account_key,
    no_credentials_in_the_provider,
    provider_asks_google,
    runs_as_its_own_account,
    runs_as_an_account_of_the_stack,
    no_shared_account,
)
