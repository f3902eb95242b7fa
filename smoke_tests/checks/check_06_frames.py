"""Single frames, as the viewer asks for them: the right ones, in the order asked for, quickly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from smoke_tests.compare import wrong_frame
from smoke_tests.context import Context
from smoke_tests.dicomweb import FRAMES
from smoke_tests.multipart import Part, parameters
from smoke_tests.plugin import Notes
from smoke_tests.slide import Instance

TYPES = {"application/octet-stream", "image/jpeg"}
"""A frame as stored: unnamed, or by the media type of its transfer syntax."""
BUDGET_MS = 300
AT_ONCE = 20
pytestmark = pytest.mark.needs("frames", "stow")


@pytest.fixture(autouse=True)
def stored(run: Context) -> None:
    run.slide_is_there()


def frames(run: Context, instance: Instance, *numbers: int) -> list[Part]:
    """The frames asked for, each checked to be the one sent."""
    path = f"{run.path(instance)}/frames/{','.join(map(str, numbers))}"
    parts = run.reader.parts(path, FRAMES)
    assert len(parts) == len(numbers), f"{path} came in {len(parts)} parts"
    for number, part in zip(numbers, parts, strict=True):
        assert part.media_type in TYPES, f"frame {number} of {instance.uid} came as {part.media_type!r}"
        wrong = wrong_frame(instance, number, part.body)
        assert not wrong, wrong
    return parts


def check_a_frame_is_typed_as_the_viewer_needs(run: Context, note: Notes) -> None:
    answer = run.reader.send("GET", f"{run.path(run.instances[0])}/frames/1", accept=FRAMES)
    assert answer.status == 200, str(answer)
    given = parameters(answer.headers.get("Content-Type", ""))
    assert given.get("") == "multipart/related", f"{answer}; multipart/related was due"
    kind, _, extra = given.get("type", "").partition(";")
    assert kind.strip() in TYPES, f"{answer}; its type is {kind!r}"
    if extra:
        note(type_parameter_holds_more=extra.strip())


def check_single_frames_of_every_level(run: Context) -> None:
    for instance in run.instances:
        for number in sorted({1, len(instance.frames) // 2 + 1, len(instance.frames)}):
            frames(run, instance, number)


def check_a_list_of_frames_keeps_its_order(run: Context) -> None:
    base = run.instances[0]
    frames(run, base, 1, 5, 9)
    frames(run, base, 9, 1, 5)


def check_fifty_frames_at_once(run: Context, note: Notes) -> None:
    base = next(instance for instance in run.instances if len(instance.frames) >= 16)
    count = min(50, len(base.frames))
    began = run.http.clock()
    got = frames(run, base, *range(1, count + 1))
    seconds = run.http.clock() - began
    note(frames=count, megabytes_a_second=round(sum(len(part.body) for part in got) / 1e6 / seconds, 1))


def check_frames_that_do_not_exist_are_refused(run: Context) -> None:
    base = run.instances[0]
    for number in (0, len(base.frames) + 1):
        answer = run.reader.send("GET", f"{run.path(base)}/frames/{number}", accept=FRAMES)
        assert 400 <= answer.status < 500, f"{answer}; there is no frame {number}, 4xx was due"


def check_frames_come_quickly_side_by_side(run: Context, note: Notes) -> None:
    base = run.instances[0]
    numbers = [index * len(base.frames) // AT_ONCE + 1 for index in range(AT_ONCE)]
    frames(run, base, 1)  # the first request may open connections and warm caches

    def timed(number: int) -> float:
        began = run.http.clock()
        frames(run, base, number)
        return (run.http.clock() - began) * 1000

    alone = sorted(timed(number) for number in numbers)
    began = run.http.clock()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(timed, numbers))
    together = run.http.clock() - began
    p95 = alone[int(0.95 * (len(alone) - 1))]
    note(p50_ms=round(alone[len(alone) // 2], 1), p95_ms=round(p95, 1), max_ms=round(alone[-1], 1))
    note(frames_a_second_20_at_once=round(AT_ONCE / together))
    if p95 > BUDGET_MS:
        note.warn(f"95 of 100 single frames take up to {p95:.0f} ms; {BUDGET_MS} ms is the viewer's budget")
