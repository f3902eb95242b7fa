"""Three layers around what cannot be made again: declared for every such resource, and missed when one is gone."""

from __future__ import annotations

import pytest

from policy.check import check
from policy.resource import Resource
from policy.resource_view import Seen
from policy.rules import RULES
from policy.stateful import STATEFUL, is_scratch
from tests.infra import stacks
from tests.policy.fixtures import DEIDENTIFIED, DISPOSABLE, r
from tests.policy.mutations import changed, noticed

HOLDS_SOMETHING = {
    "archive-dataset": "gcp:healthcare/dataset:Dataset",
    "archive-raw": "gcp:healthcare/dicomStore:DicomStore",
    "archive-viewer": "gcp:healthcare/dicomStore:DicomStore",
    "archive-smoke": "gcp:healthcare/dicomStore:DicomStore",
    "audit-bucket": "gcp:logging/projectBucketConfig:ProjectBucketConfig",
    "deliveries-bucket": "gcp:storage/bucket:Bucket",
    "records-bucket": "gcp:storage/bucket:Bucket",
    "registry-sources": "gcp:storage/bucket:Bucket",
    "vault-github-token": "gcp:secretmanager/secret:Secret",
    "vault-viewer-config": "gcp:secretmanager/secret:Secret",
}


def stateful(stack: list[Resource]) -> dict[str, Resource]:
    kept = (resource for resource in stack if resource.type in STATEFUL and not is_scratch(Seen(resource)))
    return {resource.name: resource for resource in kept}


def test_what_prod_would_lose_for_good_is_known() -> None:
    assert {name: found.type for name, found in stateful(stacks.prod().declared).items()} == HOLDS_SOMETHING


@pytest.mark.parametrize("name", HOLDS_SOMETHING)
def test_engine_and_provider_both_refuse_to_delete_it(name: str) -> None:
    found = stateful(stacks.prod().declared)[name]

    assert found.protect
    assert found.properties["deletionPolicy"] == "PREVENT"


@pytest.mark.parametrize("layer", ["protect", "deletionPolicy", "deletionProtection", "forceDestroy"])
@pytest.mark.parametrize("name", HOLDS_SOMETHING)
def test_one_layer_less_is_noticed_whichever_it_is(name: str, layer: str) -> None:
    stack = stacks.prod().declared
    found = stateful(stack)[name]
    if layer != "protect" and layer not in STATEFUL[found.type]:
        assert layer not in found.properties
        return

    weak = changed(found, layer, {"deletionPolicy": "DELETE", "forceDestroy": True}.get(layer, False))

    assert noticed(stack, found.urn, weak) == {"stateful-is-protected"}


def test_one_protected_resource_makes_the_whole_stack_a_protected_one() -> None:
    """Disposable is a stack without any protection: one that lost it here and there is not."""
    rule = [rule for rule in RULES if rule.name == "stateful-is-protected"]
    bare = [r("storage/bucket:Bucket", forceDestroy=True), r("healthcare/dataset:Dataset", "d")]
    kept = r("kms/cryptoKey:CryptoKey", "k", protect=True, deletionPolicy="PREVENT")

    assert check([DISPOSABLE, *bare], rule).violations == []
    assert {found.urn for found in check([DISPOSABLE, *bare, kept], rule).violations} == {
        resource.urn for resource in (DISPOSABLE, *bare)
    }


def test_real_images_are_never_in_a_disposable_stack() -> None:
    rule = [rule for rule in RULES if rule.name == "stateful-is-protected"]

    assert {found.urn for found in check([DEIDENTIFIED], rule).violations} == {DEIDENTIFIED.urn}


def test_a_stack_that_does_not_say_what_it_is_counts_as_prod_with_phi() -> None:
    unlabelled = [r("healthcare/dicomStore:DicomStore", name="raw"), r("healthcare/dataset:Dataset", "d", location="x")]

    assert {"stateful-is-protected", "phi-has-its-own-key"} <= {found.rule for found in check(unlabelled).violations}
