"""What is sent is stored, the answer says so item by item, and sending it again changes nothing."""

from __future__ import annotations

import json

import pytest

from smoke_tests.context import Context
from smoke_tests.dicomweb import Attributes, DicomwebRefused, value
from smoke_tests.http import HttpAnswer
from smoke_tests.plugin import Notes

REFERENCED, FAILED = "00081199", "00081198"
SOP_INSTANCE, RETRIEVE_URL, REASON = "00081155", "00081190", "00081197"
ALREADY_STORED = 272
"""FailureReason 0x0110, which Google gives with the words "already exists"."""
pytestmark = pytest.mark.needs("stow")


def parse_answer(answer: HttpAnswer) -> Attributes:
    """The body of a store answer; some stores wrap it into a list."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        raise DicomwebRefused(f"{answer} (a JSON store response was due)") from None
    first = body[0] if isinstance(body, list) and body else body
    if not isinstance(first, dict):
        raise DicomwebRefused(f"{answer} (a JSON store response was due)")
    return first


def items(attributes: Attributes, tag: str) -> list[Attributes]:
    return attributes.get(tag, {}).get("Value") or []


def check_every_instance_is_stored(run: Context, note: Notes) -> None:
    answer = run.stored
    sent = {instance.uid for instance in run.instances}
    size = sum(len(instance.data) for instance in run.instances)
    note(instances=len(sent), megabytes=round(size / 1e6, 1), megabytes_a_second=round(size / 1e6 / answer.seconds, 1))
    assert answer.status == 200, str(answer)
    body = parse_answer(answer)
    failed = {str(value(item, SOP_INSTANCE)): value(item, REASON) for item in items(body, FAILED)}
    assert not failed, f"{answer.method} answered 200, yet lists as failed: {failed}"
    stored = {str(value(item, SOP_INSTANCE)) for item in items(body, REFERENCED)}
    assert stored == sent, (
        f"sent and not listed as stored: {sorted(sent - stored)}; listed and not sent: {stored - sent}"
    )
    for item in items(body, REFERENCED):
        uid, url = value(item, SOP_INSTANCE), str(value(item, RETRIEVE_URL) or "")
        assert url.endswith(f"/studies/{run.study}/series/{run.instances[0].series}/instances/{uid}"), (
            f"the RetrieveURL of {uid} is {url!r}"
        )


def check_sending_it_again_changes_nothing(run: Context, note: Notes) -> None:
    run.slide_is_there()
    answer = run.writer.stow([instance.data for instance in run.instances])
    sent = {instance.uid for instance in run.instances}
    note(answered=answer.status)
    assert answer.status in (200, 409), f"{answer}; 200 or 409 was due"
    body = parse_answer(answer)
    failed = {str(value(item, SOP_INSTANCE)): value(item, REASON) for item in items(body, FAILED)}
    stored = {str(value(item, SOP_INSTANCE)) for item in items(body, REFERENCED)}
    assert set(failed) | stored == sent, f"not accounted for: {sorted(sent - set(failed) - stored)}"
    others = {uid: reason for uid, reason in failed.items() if reason != ALREADY_STORED}
    assert not others, f"refused for another reason than being there already ({ALREADY_STORED}): {others}"
