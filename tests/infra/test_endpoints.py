from __future__ import annotations

import pytest

from infra.providers import KEYS, api_roots, provider_keys


def test_without_configuration_apis_are_at_google() -> None:
    assert api_roots({})["healthcare"] == "https://healthcare.googleapis.com/"


@pytest.mark.parametrize(
    ("key", "endpoint", "api", "root"),
    [
        ("healthcareCustomEndpoint", "http://h:1/healthcare.googleapis.com/v1beta1/", "healthcare",
         "http://h:1/healthcare.googleapis.com/"),
        ("storageCustomEndpoint", "http://h:1/storage.googleapis.com/storage/v1/", "storage",
         "http://h:1/storage.googleapis.com/"),
        ("cloudRunV2CustomEndpoint", "https://run.example.org/v2/", "run", "https://run.example.org/"),
    ],
)  # fmt: skip
def test_the_providers_own_key_moves_an_api_and_its_version_goes(key: str, endpoint: str, api: str, root: str) -> None:
    assert api_roots({f"gcp:{key}": endpoint})[api] == root


def test_every_key_is_one_that_the_provider_reads() -> None:
    assert set(KEYS.values()) <= set(provider_keys())
