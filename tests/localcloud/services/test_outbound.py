"""Requests of the local cloud to itself: Google's names stay on this machine."""

from __future__ import annotations

import asyncio

import pytest

from localcloud.errors import ApiError
from localcloud.outbound import Answer, Outbound
from tests.localcloud.services.client import Api


def send(api: Api, url: str, account: str | None = None) -> Answer:
    async def once() -> Answer:
        outbound = Outbound(api.parts.cloud)
        try:
            return await outbound.send("GET", url, account=account, timeout=5)
        finally:
            await outbound.close()

    return asyncio.run(once())


@pytest.mark.parametrize("root", ["https://pubsub.googleapis.com/", None])
def test_googles_address_and_our_own_reach_the_same(api: Api, root: str | None) -> None:
    base = root or api.parts.cloud.endpoint("pubsub.googleapis.com")

    answer = send(api, f"{base}v1/projects/dicom-local/topics", account=api.parts.cloud.iam.owner)

    assert answer.status == 200


def test_without_an_account_nobody_is_let_in(api: Api) -> None:
    answer = send(api, "https://pubsub.googleapis.com/v1/projects/dicom-local/topics")

    assert answer.status == 401
    assert answer.reason.startswith("401: Request is missing")


@pytest.mark.parametrize(
    "url",
    ["https://example.com/", "http://pubsub.googleapis.com/", "https://a.googleapis.com.example.com/x", "file:///etc"],
)
def test_no_other_host_is_called(api: Api, url: str) -> None:
    with pytest.raises(ApiError, match="calls nothing else"):
        send(api, url)


def test_an_unknown_account_is_named(api: Api) -> None:
    with pytest.raises(ApiError, match="There is no principal gone@x"):
        send(api, "https://pubsub.googleapis.com/v1/projects/dicom-local/topics", account="gone@x")


def test_nobody_answering_is_an_error_in_words(api: Api) -> None:
    api.parts.cloud.base, served = "http://127.0.0.1:9", api.parts.cloud.base
    try:
        with pytest.raises(ApiError, match="was not answered") as refusal:
            send(api, "https://pubsub.googleapis.com/v1/x")
    finally:
        api.parts.cloud.base = served

    assert refusal.value.code == 503
