"""Keys of one's own: renewed by themselves, and not gone by one mistake. Losing the key is losing the images."""

from __future__ import annotations

from collections.abc import Iterator

from policy.durations import at_least, at_most
from policy.resource_view import Seen
from policy.rule import Finding, Need, needs, rule

KEY = "gcp:kms/cryptoKey:CryptoKey"
RING = "gcp:kms/keyRing:KeyRing"
USER = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
USES = (USER, "roles/cloudkms.cryptoKeyEncrypter", "roles/cloudkms.cryptoKeyDecrypter")

KEPT = needs(
    "key-rotates-and-lingers",
    "8",
    KEY,
    "A key is renewed every 90 days, and 30 days pass between the order to destroy a version and its end.",
    Need(
        "rotationPeriod",
        at_most(90),
        "is not renewed every 90 days, so one leaked version opens everything for good",
        'Set rotationPeriod to "7776000s" or less.',
    ),
    Need(
        "destroyScheduledDuration",
        at_least(30),
        "leaves less than 30 days to stop its destruction, and what it encrypts is gone with it",
        'Set destroyScheduledDuration to "2592000s" or more.',
    ),
)
IN_A_REGION = needs(
    "key-ring-in-a-region",
    "7 9",
    RING,
    "A key ring is in one region, as no dataset takes a key of another, or a global one.",
    Need(
        "location",
        lambda value: bool(value) and value not in ("global", "us", "eu", "europe"),
        "is in no single region, so no dataset can use its keys",
        "Set location to the dataset's region.",
    ),
)


@rule("key-granted-for-use-only", "8", "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember", holds=("role",))
def key_granted_for_use_only(grant: Seen) -> Iterator[Finding]:
    """On a key only its use is granted, not its administration."""
    if grant.get("role") not in USES:
        yield Finding(f"grants {grant.get('role')} on a key, which can disable or destroy it", f"Grant {USER}.")


@rule("no-grant-on-a-key-ring", "8", "gcp:kms/keyRingIAMMember:KeyRingIAMMember")
def no_grant_on_a_key_ring(grant: Seen) -> Iterator[Finding]:
    """Keys are granted one by one."""
    yield Finding("grants every key of the ring, the ones of tomorrow included", "Grant on one key.")


RULES = (KEPT, IN_A_REGION, key_granted_for_use_only, no_grant_on_a_key_ring)
