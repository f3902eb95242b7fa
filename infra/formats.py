"""What a single value must look like: one `Rule` a kind of value, its words and a value that would pass.

Rules know Google's limits, not our settings: which setting obeys which rule is written in `infra.settings`, rules
between settings are in `infra.constraints`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# docs.cloud.google.com/healthcare-api/docs/requirements; the multi-regions `us` and `eu` are left out, because the job,
# the registry and the triggers live in the dataset's location and none of them has multi-regions.
HEALTHCARE_REGIONS = (
    "asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2", "asia-northeast3", "asia-south1",
    "asia-southeast1", "asia-southeast2", "australia-southeast1", "australia-southeast2", "europe-north1",
    "europe-west2", "europe-west3", "europe-west4", "europe-west6", "me-central1", "me-central2", "me-west1",
    "northamerica-northeast1", "northamerica-northeast2", "southamerica-east1", "us-central1", "us-east1", "us-east4",
    "us-west1", "us-west2", "us-west3",
)  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """A pattern (the whole value must match), what it means in words, and an example that passes."""

    pattern: str
    words: str
    example: str

    def accepts(self, value: str) -> bool:
        return re.fullmatch(self.pattern, value) is not None


REGION = Rule(
    "|".join(HEALTHCARE_REGIONS),
    f"must be a region of the Cloud Healthcare API ({', '.join(HEALTHCARE_REGIONS)})",
    "europe-west4",
)
PROJECT_ID = Rule(
    r"[a-z][a-z0-9-]{4,28}[a-z0-9]",
    "must be a project id: 6 to 30 lower-case letters, digits and hyphens, a letter first (neither number nor name)",
    "my-imaging-dev",
)
STORE_ID = Rule(r"[A-Za-z0-9_.-]{1,256}", "must be 1 to 256 letters, digits, '_', '-' or '.'", "imaging")
SITE_ID = Rule(
    r"[a-z0-9](?:[a-z0-9-]{1,28}[a-z0-9])",
    "must be 3 to 30 lower-case letters, digits and hyphens, as it becomes SITE.web.app",
    "my-imaging-viewer",
)
DOMAIN = Rule(
    r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}",
    "must be a host name only: no scheme, port, path or wild-card",
    "slides.example.org",
)
EMAIL = Rule(
    r"[A-Za-z0-9._%+'-]+@[a-z0-9.-]+\.[a-z]{2,}",
    "must be an e-mail address, better of a group than of a person",
    "on-call@example.org",
)
BILLING_ACCOUNT = Rule(
    r"[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}",
    "must be a billing account's id: three groups of six hexadecimal digits",
    "012345-6789AB-CDEF01",
)
GROUP = Rule(
    r"[A-Za-z0-9._%+'-]+@[a-z0-9.-]+\.[a-z]{2,}",
    "must be the e-mail of a Google group (name@domain), without 'group:' and never allUsers",
    "pathologists@example.org",
)
BUCKET = Rule(
    r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]",
    "must be a bucket's name, without gs:// and without a path",
    "scanner-archive",
)
IMPORT = Rule("dataset|raw", "must be dataset or raw: what can be taken over", "dataset")
DIGEST = Rule(
    r"sha256:[0-9a-f]{64}", "must be an image digest, sha256: and 64 hexadecimal digits; a tag can move", "sha256:…"
)
IMAGE_REPOSITORY = Rule(
    r"(?!.*gcr\.io/)[a-z0-9-]+-docker\.pkg\.dev/[a-z0-9-]+(?:/[a-z0-9._-]+){2,}",
    "must be an image in Artifact Registry without tag or digest (Container Registry, gcr.io, is shut)",
    "europe-west4-docker.pkg.dev/my-project/images/prepare",
)
OAUTH_CLIENT = Rule(
    r"\d+-[a-z0-9]+\.apps\.googleusercontent\.com",
    "must be the id of an OAuth client of type Web application (never its secret)",
    "123456789012-abc123.apps.googleusercontent.com",
)
AUTHORITY = Rule(
    r"https://[^\s/]+(?:/[^\s/]+)*|http://(?:127\.0\.0\.1|localhost)(?::\d+)?(?:/[^\s/]+)*",
    "must be an https URL without a trailing slash (http only on this machine)",
    "https://accounts.google.com",
)
_CRON = r"(?:\*|\d+(?:-\d+)?)(?:/\d+)?"
CRON = Rule(
    rf"{_CRON}(?:,{_CRON})*(?: {_CRON}(?:,{_CRON})*){{3}} (?:{_CRON}|[A-Z]{{3}})(?:[,-](?:{_CRON}|[A-Z]{{3}}))*",
    "must be a cron expression of five fields: minute hour day month weekday",
    '"*/15 * * * *"',
)
GITHUB_REPOSITORY = Rule(
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]+", "must be OWNER/NAME, not a URL", "my-lab/dicom-platform"
)
STACK = Rule(r"[a-z][a-z0-9-]{0,39}", "must be a stack's name: lower-case letters, digits and hyphens", "dev")
BRANCH = Rule(r"(?!-)[A-Za-z0-9._/-]+", "must be one branch's name, not a pattern", "main")
CPU = Rule(r"1|2|4|6|8", "must be a whole number of vCPUs that Cloud Run offers: 1, 2, 4, 6 or 8", "2")
MEMORY = Rule(r"(?:[1-9]|[12]\d|3[0-2])Gi", "must be 1Gi to 32Gi", "4Gi")
RFC3339 = Rule(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "must be a UTC time like 2027-03-01T00:00:00Z", "2027-03-01T00:00:00Z"
)
KMS_KEY = Rule(
    r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+",
    "must be a key's full name",
    "projects/my-bootstrap/locations/europe-west4/keyRings/pulumi/cryptoKeys/dev",
)
ENDPOINT = Rule(
    r"https?://[^\s/]+/(?:[^\s/]+/)*",
    "must be a URL that ends in a slash",
    "https://healthcare.googleapis.com/v1beta1/",
)
