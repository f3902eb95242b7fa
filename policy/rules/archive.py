"""The images: where they are, with whose key, and that a new one is announced."""

from __future__ import annotations

from collections.abc import Iterator

from policy.resource_view import Seen
from policy.rule import Finding, Need, needs, rule, stack_rule
from policy.stack import Stack

DATASET = "gcp:healthcare/dataset:Dataset"
STORE = "gcp:healthcare/dicomStore:DicomStore"
SMOKE = "smoke"
"""Name of the store that holds nothing but test slides."""
KEY_GRANT = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
ENCRYPTS = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
KEYED = {
    DATASET: ("encryptionSpec.kmsKeyName", "gcp-sa-healthcare"),
    "gcp:pubsub/topic:Topic": ("kmsKeyName", "gcp-sa-pubsub"),
    "gcp:storage/bucket:Bucket": ("encryption.defaultKmsKeyName", "gs-project-accounts"),
    "gcp:workflows/workflow:Workflow": ("cryptoKeyName", "gcp-sa-workflows"),
}
"""Type that holds pixels or study UIDs → path of its key, and the domain of Google's agent that encrypts with it."""


@stack_rule("phi-has-its-own-key", "7", DATASET, holds=("encryptionSpec.kmsKeyName",))
def phi_has_its_own_key(stack: Stack, dataset: Seen) -> Iterator[Finding]:
    """Images of patients are encrypted with a key that their owner can withdraw."""
    if stack.data_class == "phi" and not dataset.get("encryptionSpec.kmsKeyName"):
        yield Finding(
            "holds phi without a key of its owner's, and one can only be chosen when it is made",
            "Set datasetKey to a KMS key in the dataset's region (encryptionSpec.kmsKeyName).",
        )


@stack_rule("key-in-the-datasets-region", "7 9", DATASET, reads=("encryptionSpec.kmsKeyName", "location"))
def key_in_the_datasets_region(stack: Stack, dataset: Seen) -> Iterator[Finding]:
    """A dataset's key is in the dataset's region; Google refuses another one, and `global` is none."""
    key, location = dataset.get("encryptionSpec.kmsKeyName"), dataset.get("location")
    if key and region_of(key) != location:
        yield Finding(
            f"is in {location} and its key in {region_of(key) or 'no region'}, which Google refuses",
            f"Set datasetKey to a key under projects/…/locations/{location}/keyRings/….",
        )


@stack_rule(
    "one-key-for-all", "7", tuple(KEYED), holds=tuple(path for type_, (path, _) in KEYED.items() if type_ != DATASET)
)
def one_key_for_all(stack: Stack, seen: Seen) -> Iterator[Finding]:
    """Where the dataset has a key of its owner's, so has every bucket, topic and workflow: pixels and study UIDs are
    in them too."""
    path, _ = KEYED[seen.type]
    keys = [dataset.get(KEYED[DATASET][0]) for dataset in stack.of(DATASET)]
    if keys and seen.get(path) not in keys:
        yield Finding(
            "is not encrypted with the dataset's key, whose owner could not close it", f"Set {path} as the dataset's."
        )


@stack_rule("key-usable-by-the-archive", "7", tuple(KEYED))
def key_usable_by_the_archive(stack: Stack, seen: Seen) -> Iterator[Finding]:
    """Google's agent may use the key of what it encrypts; an hour without, and a dataset is disabled."""
    path, domain = KEYED[seen.type]
    key = seen.get(path)
    granted = any(
        grant.get("cryptoKeyId") == key
        and grant.get("role") == ENCRYPTS
        and str(grant.get("member")).endswith(f"@{domain}.iam.gserviceaccount.com")
        for grant in (stack.of(KEY_GRANT) if key else ())
    )
    if key and not granted:
        yield Finding(
            "has a key that Google's agent for it may not use, so it can neither be made nor read",
            f"Grant {ENCRYPTS} on the key to the agent (gcp.kms.CryptoKeyIAMMember).",
        )


@stack_rule("new-instances-are-announced", "")
def new_instances_are_announced(stack: Stack, _: Seen) -> Iterator[Finding]:
    """One store besides that of the smoke tests announces its new instances: nobody would know of them otherwise."""
    stores = [store for store in stack.of(STORE) if store.get("name") != SMOKE]
    if stores and not any(store.get("notificationConfig.pubsubTopic") for store in stores):
        yield Finding(
            "has no DICOM store that announces new instances, so no study would ever be prepared",
            "Give the store that scanners write to a notificationConfig.pubsubTopic.",
        )


@stack_rule("imports-are-announced", "", STORE, holds=("notificationConfig.sendForBulkImport",))
def imports_are_announced(_: Stack, store: Seen) -> Iterator[Finding]:
    """A store that announces new instances announces imported ones too."""
    if store.get("notificationConfig") and store.get("notificationConfig.sendForBulkImport") is not True:
        yield Finding(
            "says nothing of imported instances, so these studies would silently never be prepared",
            "Set notificationConfig.sendForBulkImport to true.",
        )


JOB = "gcp:cloudrunv2/job:Job"
LEAST_DAYS = {"nearline": 30, "coldline": 90, "archive": 365}
"""By storage class; what is deleted or replaced earlier is paid for until then."""
READ_USD = {"nearline": 0.01, "coldline": 0.02, "archive": 0.05}
"""By storage class: list price of a GiB that is read."""


@rule("raw-images-are-cheap-to-read", "11", JOB, level="should", reads=("template.template.containers[].envs[]",))
def raw_images_are_cheap_to_read(job: Seen) -> Iterator[Finding]:
    """The job leaves the raw store's images in the standard class, where a repair, an export or a restore reads them
    for nothing more than the request."""
    environment = {
        str(entry.get("name")): str(entry.get("value") or "")
        for entry in job.each("template.template.containers[].envs[]")
    }
    storage_class, days = environment.get("RAW_STORAGE_CLASS", "standard"), environment.get("RAW_STORAGE_AFTER_DAYS")
    if storage_class != "standard":
        yield Finding(
            f"moves the raw store's images to {storage_class} after {days} days: a restore, an export or a repair then "
            f"pays USD {READ_USD.get(storage_class, 0):.2f} (list price) for each GiB that it reads, and what is "
            "deleted or replaced within "
            f"{LEAST_DAYS.get(storage_class, 0)} days of its move is paid for until then",
            "Set rawStorageClass to standard where restores or exports are frequent.",
        )


NAMED = needs(
    "archive-named-and-placed",
    "9",
    DATASET,
    "The dataset's name and region are written down, as another name or region is another, empty dataset.",
    Need("name", bool, "has no name of its own, so a rename of the resource would replace it", "Set name."),
    Need("location", bool, "does not say in which region its images are", "Set location to one region."),
)
STORE_NAMED = needs(
    "store-named-and-placed",
    "9",
    STORE,
    "A store's name and dataset are written down, as another name is another, empty store.",
    Need("name", bool, "has no name of its own, so a rename of the resource would replace it", "Set name."),
    Need("dataset", bool, "does not say which dataset it is in", "Set dataset to the dataset's id."),
)


def region_of(name: str) -> str:
    """`europe-west4` of `projects/p/locations/europe-west4/…`; nothing when there is none."""
    parts = name.split("/")
    return parts[parts.index("locations") + 1] if "locations" in parts[:-1] else ""


RULES = (
    phi_has_its_own_key,
    key_in_the_datasets_region,
    one_key_for_all,
    key_usable_by_the_archive,
    new_instances_are_announced,
    imports_are_announced,
    raw_images_are_cheap_to_read,
    NAMED,
    STORE_NAMED,
)
