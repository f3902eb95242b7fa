"""The controls of the platform, and where each is kept besides the rules: written by hand, read by `policy.controls`.

Level `must` and `should` are the platform's; `org` needs rights on the organisation, which the stack does not have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Control:
    words: str
    level: Literal["must", "must with phi", "should", "org"]
    besides: str
    """Where else it is enforced or shown; what is left for a person begins with "By hand"."""


PARTS: dict[str, tuple[int, ...]] = {
    "Audit and logs": (1, 2, 3, 4, 5, 6),
    "Data protection": (7, 8, 9, 10, 11, 12, 13),
    "Identity": (14, 15, 16, 17, 18, 19, 20, 21, 22),
    "Secrets and state": (23, 24, 25, 26),
    "Supply chain and delivery": (27, 28, 29, 30, 31, 32, 33),
    "Viewer": (34, 35, 36, 37, 38),
}
CONTROLS: dict[int, Control] = {
    1: Control(
        "Admin reads, data reads and data writes of every sensitive service are logged, nobody exempted", "must",
        "`components/audit_trail.py`; the local cloud writes the entries (`tests/localcloud/logs/test_audit.py`).",
    ),
    2: Control(
        "Audit logs go to a bucket of their own: a year in prod; six years, locked, with phi", "must",
        "Settings `auditRetentionDays`, `auditRetentionLocked` (`infra/constraints.py`).",
    ),
    3: Control(
        "Changed grants, roles, audit configuration, deletion, export and key changes raise an alert", "must",
        "`components/monitoring/audit_alerts.py`; what to do: `docs/runbook.md`. Setting `alertEmails`.",
    ),
    4: Control(
        "Nothing of a patient in logs, names, labels, metrics, alerts or builds", "must",
        "The job's report holds no patient attribute (`tests/jobs/test_report.py`).",
    ),
    5: Control(
        "Data Access logs are read by a group of auditors only", "should",
        "By hand: make the group and grant it `roles/logging.privateLogViewer`; the stack grants it to nobody.",
    ),
    6: Control(
        "Access Transparency and Approval, Essential Contacts, Asset Inventory", "org",
        "By hand, by the organisation's administrator: Access Transparency is a switch that no resource stands for.",
    ),
    7: Control(
        "A key of one's own for whatever holds pixels or study UIDs, in the dataset's region", "must with phi",
        "Setting `datasetKey` (`infra/constraints.py`); `components/project_apis.py` lets Google's agents use it. By "
        "hand: make the key beforehand. Audit logs, registry and secrets use Google's keys, see `docs/security.md`.",
    ),
    8: Control(
        "Keys are renewed every 90 days, linger 30 days before destruction, and their duties are split", "must",
        "The dataset's key is made outside of the stack, in a project of the keys' owner: the rules hold a key that is "
        "declared here, and by hand is the same for one that is not. Losing the key for 30 days is losing the images.",
    ),
    9: Control("Data stays in one region", "must", "Setting `location` (`infra/formats.py`)."),
    10: Control(
        "What holds images, keys, secrets, logs or reports cannot be deleted or replaced by a mistake", "must",
        "Three layers: the engine's `protect`, the provider's `deletionPolicy`, the rule (`policy/stateful.py`); the "
        "plan gate (`ops/review/gate.py`). On purpose: `docs/removing-on-purpose.md`.",
    ),
    11: Control(
        "The store is exported on schedule to a bucket that keeps what is overwritten, and restoring is practised",
        "must with phi",
        "`exportSchedule` (`components/store_export.py`), where a second copy of all images is wanted; `make drill` "
        "practises the restore. Its bucket keeps old versions for `exportKeepDays`, deleted ones for a week more, and "
        "is written by Google's agent alone. It is not locked: an export overwrites the same names, which a retention "
        "only lets it do in a bucket with versions, and sources differ on whether Google takes both. By hand, where "
        "a lock is demanded: a transfer into a locked bucket of another project.",
    ),
    12: Control(
        "Buckets: uniform access, no public access, versions, soft delete, no forced destruction", "must",
        "`components/job_records.py`; but pixels on their way, which only the job reads, are gone when it deletes "
        "them, and after days at the latest. Who used an object is in the Data Access logs (control 1).",
    ),
    13: Control(
        "Only generally available features near phi", "must with phi",
        "The provider manages stores through `v1beta1`, an exception for management calls, not for images; the data "
        "path is `v1` (`infra/providers.py`).",
    ),
    14: Control(
        "No basic roles; grants are added, never replaced", "must", "The matrix of grants is a reviewed file.",
    ),
    15: Control(
        "Images by custom roles of a few permissions, on one store, for groups", "must",
        "`components/archive_access.py`; in the local cloud IAM is enforced (`tests/localcloud/iam/test_access.py`).",
    ),
    16: Control("No keys of service accounts", "must", "By hand: none is made in the console either."),
    17: Control("No default accounts; nobody may act as every account", "must", "`components/identities.py`."),
    18: Control(
        "Nothing is granted to everybody", "must",
        "Settings `viewers`, `annotators`, `ingestWriters` take groups only (`infra/formats.py`); a smoke check asks "
        "for images without a token (`smoke_tests/checks`).",
    ),
    19: Control("One account a duty", "must", "`infra/identities.py`, `tests/components/test_identities.py`."),
    20: Control(
        "Break-glass access ends by itself, is justified and told", "should",
        "By hand: Privileged Access Manager, for the people who exist there. Any grant raises the alert of control 3.",
    ),
    21: Control(
        "Organisation policies: domains, keys of accounts, default grants, customer keys, public access", "org",
        "By hand, by the organisation's administrator; start as dry run.",
    ),
    22: Control(
        "A service perimeter around the APIs", "org",
        "By hand, by the organisation's administrator. Browsers are outside: the viewers' group needs an ingress rule.",
    ),
    23: Control(
        "A secret's value never passes through Pulumi", "must",
        "Values are added by hand (`components/secret_vault.py`, `docs/runbook.md`).",
    ),
    24: Control(
        "Secrets are renewed: period, topic, versions by number in prod", "should",
        "Setting `githubTokenRotation`; `docs/runbook.md` says how.",
    ),
    25: Control(
        "No secret as a literal in an environment, argument or build", "must", "detect-secrets (`ops/scan.py`).",
    ),
    26: Control(
        "Pulumi's state: own bucket, versions, key in KMS", "must",
        "By hand: the bucket and key exist before the stack does. Settings `stateBucket`, `stateKey` let the previewer "
        "read and decrypt.",
    ),
    27: Control(
        "GitHub's workflows come in by federation, bound to the repository's number", "must",
        "The rules hold a federation that is declared.",
    ),
    28: Control(
        "Builds run as their own accounts and log to Cloud Logging only", "must",
        "The files under `delivery/` say so themselves.",
    ),
    29: Control(
        "A deploy to prod is approved, and comes from one branch", "must",
        "Setting `deliveryApproval` (`infra/constraints.py`). By hand: protect the branch at GitHub.",
    ),
    30: Control(
        "A pull request runs with rights to look only", "must",
        "The previewer's roles (`infra/identities.py`).",
    ),
    31: Control(
        "Images by digest, tags that never move, scanned", "must",
        "Settings `jobImageDigest`, `viewerImageDigest` take digests only (`infra/formats.py`); hadolint "
        "(`ops/scan.py`).",
    ),
    32: Control(
        "Only attested images run", "should",
        "By hand: set up Binary Authorization with an attestor of the build; the rule then warns no more.",
    ),
    33: Control(
        "The job is bounded and not root", "must",
        "`jobs/prepare/Dockerfile` names its user; settings `job…` are in bounds (`infra/setting_fields.py`).",
    ),
    34: Control(
        "Content-Security-Policy and the other headers on every answer", "must",
        "`viewer/headers.py` (`tests/viewer/test_headers.py`, in Chromium `tests/browser/test_policy.py`).",
    ),
    35: Control(
        "Sign-in redirects to exact https addresses; one client an environment; internal consent screen", "must",
        "By hand: no API makes the client (`docs/adr/0002-sign-in-client-by-hand.md`); its origins are a stack output.",
    ),
    36: Control(
        "Users are asked for openid, email, profile and cloud-healthcare, nothing wider", "must",
        "`viewer/config.py`.",
    ),
    37: Control(
        "Sessions end", "should",
        "By hand: Google Cloud session control in the Admin console, locks of workstations. Tokens last an hour and "
        "stay in the page (`docs/adr/0001-browser-token-model.md`).",
    ),
    38: Control(
        "Previews are short-lived and show synthetic images only", "must",
        "One fixed preview site, as a sign-in client takes no wild-card (`components/viewer_site.py`).",
    ),
}  # fmt: skip
