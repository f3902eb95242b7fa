"""The metadata that the viewer builds the slide from are those sent, and lead to the same colour profile."""

from __future__ import annotations

import base64

import pytest

from smoke_tests.compare import PIXEL_DATA, differences, model, parse
from smoke_tests.context import Context
from smoke_tests.dicomweb import Attributes, value
from smoke_tests.plugin import Notes

OPTICAL_PATHS, ICC_PROFILE, INSTANCE = "00480105", "00282000", "00080018"
LARGEST = 64_000
"""Bytes of JSON a level; more makes the viewer slow to open."""
pytestmark = pytest.mark.needs("wado", "stow")


def profile(run: Context, instance: Attributes) -> bytes:
    paths = instance.get(OPTICAL_PATHS, {}).get("Value") or [{}]
    element = paths[0].get(ICC_PROFILE, {})
    if "InlineBinary" in element:
        return base64.b64decode(element["InlineBinary"])
    assert "BulkDataURI" in element, "the colour profile is neither inline nor behind a BulkDataURI"
    return run.reader.bulk(element["BulkDataURI"])


def check_attributes_are_those_sent(run: Context, note: Notes) -> None:
    run.slide_is_there()
    answer = run.reader.metadata(run.series)
    sent = {instance.uid: instance for instance in run.instances}
    got = {str(value(row, INSTANCE)): row for row in answer}
    assert set(got) == set(sent), f"metadata of {sorted(got)}; sent were {sorted(sent)}"
    for uid, instance in sent.items():
        wrong = differences(model(parse(instance.data)), got[uid])
        assert not wrong, f"metadata of level {instance.level} ({uid}): {'; '.join(wrong[:5])}"
        inline = got[uid].get(PIXEL_DATA, {})
        assert "InlineBinary" not in inline, f"metadata of level {instance.level} ({uid}) contain the pixels"
    note(instances=len(got))


def check_the_colour_profile_is_the_one_sent(run: Context) -> None:
    run.slide_is_there()
    for row in run.reader.metadata(run.series):
        uid = str(value(row, INSTANCE))
        sent = next((instance for instance in run.instances if instance.uid == uid), None)
        assert sent, f"metadata list an instance that was not sent: {uid}"
        wanted = bytes(parse(sent.data).OpticalPathSequence[0].ICCProfile)
        assert profile(run, row).rstrip(b"\0") == wanted.rstrip(b"\0"), f"the colour profile of {uid} changed"


def check_metadata_are_small(run: Context, note: Notes) -> None:
    run.slide_is_there()
    sizes: list[int] = []
    for instance in run.instances:
        answer = run.reader.send("GET", f"{run.path(instance)}/metadata")
        assert answer.status == 200, str(answer)
        sizes.append(len(answer.body))
    note(largest_bytes=max(sizes))
    assert max(sizes) <= LARGEST, f"the metadata of one level have {max(sizes)} bytes; at most {LARGEST} open quickly"
