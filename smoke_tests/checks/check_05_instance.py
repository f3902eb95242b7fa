"""A whole instance comes back as it was stored: the same attributes and, byte by byte, the same frames."""

from __future__ import annotations

import pytest

from smoke_tests.compare import differences, frame_digests, model, parse
from smoke_tests.context import Context
from smoke_tests.dicomweb import AS_STORED
from smoke_tests.plugin import Notes

pytestmark = pytest.mark.needs("wado", "stow")


@pytest.fixture(autouse=True)
def stored(run: Context) -> None:
    run.slide_is_there()


def check_instances_come_back_as_stored(run: Context, note: Notes) -> None:
    identical, size, seconds = 0, 0, 0.0
    for instance in run.instances:
        began = run.http.clock()
        parts = run.reader.parts(run.path(instance), AS_STORED)
        seconds += run.http.clock() - began
        assert len(parts) == 1, f"instance {instance.uid} came in {len(parts)} parts"
        assert parts[0].media_type == "application/dicom", f"instance {instance.uid} came as {parts[0].media_type!r}"
        got = parse(parts[0].body)
        wrong = differences(model(parse(instance.data)), model(got))
        assert not wrong, f"level {instance.level} ({instance.uid}): {'; '.join(wrong[:5])}"
        syntax = parse(instance.data).file_meta.TransferSyntaxUID
        assert got.file_meta.TransferSyntaxUID == syntax, f"{instance.uid} was transcoded to another transfer syntax"
        digests = frame_digests(got)
        changed = [index + 1 for index, digest in enumerate(digests) if digest != instance.frames[index]]
        assert not changed, f"level {instance.level} ({instance.uid}): frames {changed[:8]} are not those sent"
        assert len(digests) == len(instance.frames), f"{instance.uid} came back with {len(digests)} frames"
        identical += parts[0].body == instance.data
        size += len(parts[0].body)
    # Stores may rewrite the file header; so whole files are compared for information only.
    note(files_identical=f"{identical} of {len(run.instances)}", megabytes_a_second=round(size / 1e6 / seconds, 1))


def check_the_study_comes_back_whole(run: Context) -> None:
    parts = run.reader.parts(f"studies/{run.study}", AS_STORED)
    uids = sorted(str(parse(part.body).SOPInstanceUID) for part in parts)
    assert uids == sorted(instance.uid for instance in run.instances), f"the study came back as {uids}"
