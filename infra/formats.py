"""What a single value must look like: one type a kind of value, with its words and a value that would pass.

Types know Google's limits, not our settings: which setting is of which type is written in `infra.setting_fields`, rules
between settings are in `infra.constraints`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, cast

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

# docs.cloud.google.com/healthcare-api/docs/requirements; the multi-regions `us` and `eu` are left out, because the job,
# the registry and the buckets live in the dataset's location and none of them has multi-regions.
HEALTHCARE_REGIONS = (
    "asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2", "asia-northeast3", "asia-south1",
    "asia-southeast1", "asia-southeast2", "australia-southeast1", "australia-southeast2", "europe-north1",
    "europe-west2", "europe-west3", "europe-west4", "europe-west6", "me-central1", "me-central2", "me-west1",
    "northamerica-northeast1", "northamerica-northeast2", "southamerica-east1", "us-central1", "us-east1", "us-east4",
    "us-west1", "us-west2", "us-west3",
)  # fmt: skip

# cloud.google.com/build/docs/locations, "Restricted regions for some projects", read 2026-11: Cloud Build refuses new
# projects, and those with little use, anywhere else.
EVERYBODYS_BUILD_REGIONS = (
    "asia-east1", "australia-southeast1", "europe-west1", "southamerica-east1", "us-central1", "us-west2",
)  # fmt: skip
OTHER_LAW_IN_EUROPE = ("europe-west2", "europe-west6")
"""London and Zurich."""


def build_region_near(location: str) -> str:
    """Where builds of a stack in `location` run: for every project, or in `location` when that is under another law.

    A delivery's smoke tests run in its build and read images, so nothing crosses such a border by itself.
    """
    if location in EVERYBODYS_BUILD_REGIONS or location in OTHER_LAW_IN_EUROPE:
        return location
    if location.startswith("us-west"):
        return "us-west2"
    near = {"australia": "australia-southeast1", "europe": "europe-west1", "us": "us-central1"}
    return near.get(location.partition("-")[0], location)


@dataclass(frozen=True)
class Format:
    """A pattern (the whole value must match), what it means in words, and an example that passes."""

    pattern: str
    words: str
    example: str

    def accepts(self, value: str) -> bool:
        return re.fullmatch(self.pattern, value) is not None

    def __call__(self, value: str) -> str:
        if not self.accepts(value):
            raise PydanticCustomError("format", "{sentence}", {"sentence": f"{self.words}; for example {self.example}"})
        return value


def parse_list(raw: object) -> object:
    """A tuple of strings, of a list or of the JSON text that the engine makes of one."""
    items: Any = raw
    if isinstance(raw, str):
        try:
            items = json.loads(raw)
        except json.JSONDecodeError:
            items = None
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in cast("list[Any]", items)):
        raise PydanticCustomError("list", "must be a list of strings; in YAML write one `- item` a line")
    return tuple(cast("list[str]", items))


def refuse_repetition(items: tuple[str, ...]) -> tuple[str, ...]:
    if twice := sorted({item for item in items if items.count(item) > 1}):
        names = ", ".join(twice)
        raise PydanticCustomError(
            "repetition", "{sentence}", {"sentence": f"names {names} more than once; remove the repetition"}
        )
    return items


def parse_switch(raw: object) -> bool:
    """true or false only, and not all the words that pydantic takes for them."""
    text = str(raw).lower()
    if text not in ("true", "false"):
        raise PydanticCustomError("switch", "must be true or false; set one of these")
    return text == "true"


REGION = Format(
    "|".join(HEALTHCARE_REGIONS),
    f"must be a region of the Cloud Healthcare API ({', '.join(HEALTHCARE_REGIONS)})",
    "europe-west4",
)
BUILD_REGION = Format(
    "|".join(sorted({*HEALTHCARE_REGIONS, *EVERYBODYS_BUILD_REGIONS})),
    f"must be a region of Cloud Build; every project may build in {', '.join(EVERYBODYS_BUILD_REGIONS)}",
    "europe-west1",
)
PROJECT_ID = Format(
    r"[a-z][a-z0-9-]{4,28}[a-z0-9]",
    "must be a project id: 6 to 30 lower-case letters, digits and hyphens, a letter first (neither number nor name)",
    "my-imaging-dev",
)
STORE_ID = Format(r"[A-Za-z0-9_.-]{1,256}", "must be 1 to 256 letters, digits, '_', '-' or '.'", "imaging")
SITE_ID = Format(
    r"[a-z0-9](?:[a-z0-9-]{1,28}[a-z0-9])",
    "must be 3 to 30 lower-case letters, digits and hyphens, as it becomes SITE.web.app",
    "my-imaging-viewer",
)
DOMAIN = Format(
    r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}",
    "must be a host name only: no scheme, port, path or wild-card",
    "slides.example.org",
)
EMAIL = Format(
    r"[A-Za-z0-9._%+'-]+@[a-z0-9.-]+\.[a-z]{2,}",
    "must be an e-mail address, better of a group than of a person",
    "on-call@example.org",
)
BILLING_ACCOUNT = Format(
    r"[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}",
    "must be a billing account's id: three groups of six hexadecimal digits",
    "012345-6789AB-CDEF01",
)
GROUP = Format(
    r"[A-Za-z0-9._%+'-]+@[a-z0-9.-]+\.[a-z]{2,}",
    "must be the e-mail of a Google group (name@domain), without 'group:' and never allUsers",
    "pathologists@example.org",
)
BUCKET = Format(
    r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]",
    "must be a bucket's name, without gs:// and without a path",
    "scanner-archive",
)
IMPORT = Format("dataset|raw|github-pool", "must be dataset, raw or github-pool: what can be taken over", "dataset")
DIGEST = Format(
    r"sha256:[0-9a-f]{64}", "must be an image digest, sha256: and 64 hexadecimal digits; a tag can move", "sha256:…"
)
IMAGE_REPOSITORY = Format(
    r"(?!.*gcr\.io/)[a-z0-9-]+-docker\.pkg\.dev/[a-z0-9-]+(?:/[a-z0-9._-]+){2,}",
    "must be an image in Artifact Registry without tag or digest (Container Registry, gcr.io, is shut)",
    "europe-west4-docker.pkg.dev/my-project/images/prepare",
)
OAUTH_CLIENT = Format(
    r"\d+-[a-z0-9]+\.apps\.googleusercontent\.com",
    "must be the id of an OAuth client of type Web application (never its secret)",
    "123456789012-abc123.apps.googleusercontent.com",
)
AUTHORITY = Format(
    r"https://[^\s/]+(?:/[^\s/]+)*|http://(?:127\.0\.0\.1|localhost)(?::\d+)?(?:/[^\s/]+)*",
    "must be an https URL without a trailing slash (http only on this machine)",
    "https://accounts.google.com",
)
_CRON = r"(?:\*|\d+(?:-\d+)?)(?:/\d+)?"
CRON = Format(
    rf"{_CRON}(?:,{_CRON})*(?: {_CRON}(?:,{_CRON})*){{3}} (?:{_CRON}|[A-Z]{{3}})(?:[,-](?:{_CRON}|[A-Z]{{3}}))*",
    "must be a cron expression of five fields: minute hour day month weekday",
    '"*/15 * * * *"',
)
GITHUB_REPOSITORY = Format(
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]+", "must be OWNER/NAME, not a URL", "my-lab/dicom-platform"
)
STACK = Format(r"[a-z][a-z0-9-]{0,39}", "must be a stack's name: lower-case letters, digits and hyphens", "dev")
BRANCH = Format(r"(?!-)[A-Za-z0-9._/-]+", "must be one branch's name, not a pattern", "main")
CPU = Format(r"1|2|4|6|8", "must be a whole number of vCPUs that Cloud Run offers: 1, 2, 4, 6 or 8", "2")
MEMORY = Format(r"(?:[1-9]|[12]\d|3[0-2])Gi", "must be 1Gi to 32Gi", "4Gi")
RFC3339 = Format(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "must be a UTC time like 2027-03-01T00:00:00Z", "2027-03-01T00:00:00Z"
)
KMS_KEY = Format(
    r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+",
    "must be a key's full name",
    "projects/my-bootstrap/locations/europe-west4/keyRings/pulumi/cryptoKeys/dev",
)
ENDPOINT = Format(
    r"https?://[^\s/]+/(?:[^\s/]+/)*",
    "must be a URL that ends in a slash",
    "https://healthcare.googleapis.com/v1beta1/",
)

Region = Annotated[str, AfterValidator(REGION)]
BuildRegion = Annotated[str, AfterValidator(BUILD_REGION)]
ProjectId = Annotated[str, AfterValidator(PROJECT_ID)]
StoreId = Annotated[str, AfterValidator(STORE_ID)]
SiteId = Annotated[str, AfterValidator(SITE_ID)]
DomainName = Annotated[str, AfterValidator(DOMAIN)]
Email = Annotated[str, AfterValidator(EMAIL)]
BillingAccount = Annotated[str, AfterValidator(BILLING_ACCOUNT)]
GroupEmail = Annotated[str, AfterValidator(GROUP)]
BucketName = Annotated[str, AfterValidator(BUCKET)]
Adopted = Annotated[str, AfterValidator(IMPORT)]
ImageDigest = Annotated[str, AfterValidator(DIGEST)]
ImageName = Annotated[str, AfterValidator(IMAGE_REPOSITORY)]
OAuthClientId = Annotated[str, AfterValidator(OAUTH_CLIENT)]
Authority = Annotated[str, AfterValidator(AUTHORITY)]
CronSchedule = Annotated[str, AfterValidator(CRON)]
GitHubRepository = Annotated[str, AfterValidator(GITHUB_REPOSITORY)]
StackName = Annotated[str, AfterValidator(STACK)]
BranchName = Annotated[str, AfterValidator(BRANCH)]
VirtualCpus = Annotated[str, AfterValidator(CPU)]
Memory = Annotated[str, AfterValidator(MEMORY)]
UtcTime = Annotated[str, AfterValidator(RFC3339)]
KmsKeyName = Annotated[str, AfterValidator(KMS_KEY)]
Switch = Annotated[bool, BeforeValidator(parse_switch)]

Item = TypeVar("Item")
Listed = Annotated[tuple[Item, ...], BeforeValidator(parse_list), AfterValidator(refuse_repetition)]
"""`Listed[GroupEmail]`: a list of them, none twice."""
