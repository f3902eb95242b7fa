"""The suite proved: each seeded breakage of the store is caught, by the check whose business it is."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from smoke_tests import multipart
from smoke_tests.results import SuiteOutcome
from smoke_tests.runner import run
from tests.smoke_tests import faulty
from tests.smoke_tests.conftest import Platform
from tests.smoke_tests.faulty import Answered, Asked

Store = Callable[[Asked], Answered]


def is_search(asked: Asked) -> bool:
    return asked.method == "GET" and bool(re.search(r"/(studies|series|instances)(\?|$)", asked.path))


def is_frame(asked: Asked) -> bool:
    return "/frames/" in asked.path


def body_changed(answer: Answered, change: Callable[[bytes], bytes]) -> Answered:
    """The same multipart message with its first part's body changed."""
    given = answer.headers["Content-Type"]
    first, *rest = multipart.split(given, answer.body)
    boundary = multipart.parameters(given)["boundary"].encode()
    pieces = [(first.media_type, change(first.body)), *((part.media_type, part.body) for part in rest)]
    out = b"".join(
        b"--" + boundary + b"\r\nContent-Type: " + kind.encode() + b"\r\n\r\n" + body + b"\r\n" for kind, body in pieces
    )
    return replace(answer, body=out + b"--" + boundary + b"--\r\n")


def two_frames_swapped(asked: Asked, store: Store) -> Answered:
    swapped = {"frames/1": "frames/2", "frames/2": "frames/1"}
    path = re.sub(r"frames/[12]$", lambda match: swapped[match[0]], asked.path)
    return store(replace(asked, path=path))


def frame_list_in_ascending_order(asked: Asked, store: Store) -> Answered:
    path = re.sub(r"(?<=frames/)[\d,]+$", lambda m: ",".join(sorted(m[0].split(","), key=int)), asked.path)
    return store(replace(asked, path=path))


def frames_without_their_last_byte(asked: Asked, store: Store) -> Answered:
    answer = store(asked)
    return body_changed(answer, lambda body: body[:-1]) if is_frame(asked) and answer.status == 200 else answer


def frames_typed_as_pages(asked: Asked, store: Store) -> Answered:
    answer = store(asked)
    return answer.typed("text/html") if is_frame(asked) and answer.status == 200 else answer


def last_frame_for_any_beyond(asked: Asked, store: Store) -> Answered:
    answer = store(asked)
    if is_frame(asked) and answer.status >= 400:
        return store(replace(asked, path=re.sub(r"frames/\d+$", "frames/1", asked.path)))
    return answer


def searches_that_do_not_see_the_study_yet(asked: Asked, store: Store) -> Answered:
    if is_search(asked) and "StudyInstanceUID" in asked.path:
        return Answered(200, {"Content-Type": "application/dicom+json"}, b"[]")
    return store(asked)


def pages_that_ignore_their_limit(asked: Asked, store: Store) -> Answered:
    return store(replace(asked, path=re.sub(r"limit=\d+", "limit=100", asked.path)))


def success_with_an_error_inside(asked: Asked, store: Store) -> Answered:
    if asked.method == "POST" and len(asked.body) > 100:
        store(asked)
        return Answered(
            200, {"Content-Type": "application/dicom+json"}, b'{"error": {"code": 500, "message": "broken"}}'
        )
    return store(asked)


def one_instance_silently_not_stored(asked: Asked, store: Store) -> Answered:
    answer = store(asked)
    if asked.method == "POST" and answer.status == 200:
        body = json.loads(answer.body)
        body["00081199"]["Value"].pop()
        return replace(answer, body=json.dumps(body).encode())
    return answer


def metadata_with_another_pixel_spacing(asked: Asked, store: Store) -> Answered:
    answer = store(asked)
    if asked.path.endswith("/metadata") and answer.status == 200:
        return replace(answer, body=answer.body.replace(b"0.0005", b"0.0025"))
    return answer


def another_colour_profile(asked: Asked, store: Store) -> Answered:
    answer = store(asked)
    # The profile names its colour space in the open.
    return replace(answer, body=answer.body.replace(b"RGB XYZ ", b"GRAYXYZ "))


def instances_without_their_last_bytes(asked: Asked, store: Store) -> Answered:
    answer = store(asked)
    whole = re.search(r"/instances/[\d.]+$", asked.path)
    return replace(answer, body=answer.body[:-100]) if whole and answer.status == 200 else answer


def everybody_is_let_in(asked: Asked, store: Store) -> Answered:
    answer = store(asked)
    if answer.status == 401:
        return Answered(200, {"Content-Type": "application/dicom+json"}, b"[]")
    return answer


def readers_are_told_no_and_why_not(asked: Asked, store: Store) -> Answered:
    answer = store(asked)
    return replace(answer, body=b"{}") if answer.status == 403 and asked.method == "POST" else answer


def the_viewers_origin_forgotten(asked: Asked, store: Store) -> Answered:
    answer = store(asked)
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "access-control-allow-origin"}
    return replace(answer, headers=headers)


def deletes_that_only_say_so(asked: Asked, store: Store) -> Answered:
    if asked.method == "DELETE" and asked.headers.get("Authorization"):
        return Answered(200, {"Content-Type": "application/json"}, b'{"name": "operations/1", "done": true}')
    return store(asked)


def deletes_whose_operation_fails(asked: Asked, store: Store) -> Answered:
    if asked.method == "DELETE":
        body = b'{"name": "operations/1", "done": true, "error": {"code": 13, "message": "disk on fire"}}'
        return Answered(200, {"Content-Type": "application/json"}, body)
    return store(asked)


CAUGHT = [
    (two_frames_swapped, "6", r"frame 1 of instance .* is not the one sent: it is frame 2 of the same instance"),
    (frame_list_in_ascending_order, "6", r"frame 9 of instance .* it is frame 1 of the same instance"),
    (frames_without_their_last_byte, "6", r"frame 1 of instance .* is not the one sent"),
    (frames_typed_as_pages, "6", r"answered 200 text/html"),
    (last_frame_for_any_beyond, "6", r"there is no frame 0, 4xx was due"),
    (searches_that_do_not_see_the_study_yet, "3", r"finding the stored study .* did not come about within 0.4 s"),
    (pages_that_ignore_their_limit, "3", r"limit=2 gave 3"),
    (success_with_an_error_inside, "2", r"sent and not listed as stored"),
    (one_instance_silently_not_stored, "2", r"sent and not listed as stored: \['2\.25"),
    (metadata_with_another_pixel_spacing, "4", r"00280030 is \[0.0025, 0.0025\], sent was \[0.0005, 0.0005\]"),
    (another_colour_profile, "4", r"the colour profile of 2\.25\S+ changed"),
    (instances_without_their_last_bytes, "5", r"it was cut short"),
    (everybody_is_let_in, "1", r"401 was due"),
    (readers_are_told_no_and_why_not, "1", r"does not name the permission healthcare.dicomStores.dicomWebWrite"),
    (the_viewers_origin_forgotten, "1", r"it allows origin ''"),
    (deletes_that_only_say_so, "14", r"the disappearance of study .* did not come about"),
    (deletes_whose_operation_fails, "14", r"operation operations/1 ended with an error: disk on fire"),
]


def failed(outcome: SuiteOutcome) -> dict[str, str]:
    """Reasons of the failed checks by number."""
    reasons: dict[str, str] = {}
    for one in outcome.results:
        if one.status == "fail":
            reasons[one.id] = f"{reasons.get(one.id, '')} / {one.reason}"
    return reasons


@pytest.mark.parametrize(("fault", "number", "words"), CAUGHT, ids=[fault.__name__ for fault, _, _ in CAUGHT])
def test_a_broken_store_is_caught(platform: Platform, fault: faulty.Fault, number: str, words: str) -> None:
    sound = platform.target()
    with faulty.proxy(sound.dicomweb_root, fault) as root, faulty.proxy(str(sound.main_root), fault) as main:
        outcome = run(platform.target(root, main_root=main), platform.token, profile="quick")

    assert outcome.exit_code == 1
    assert re.search(words, failed(outcome).get(number, "")), failed(outcome) or outcome.problem


def test_a_sound_store_behind_the_same_proxy_passes(platform: Platform) -> None:
    """Else the faults above would prove nothing."""
    with faulty.proxy(platform.target().dicomweb_root) as root:
        outcome = run(platform.target(root), platform.token, profile="quick")

    assert (outcome.exit_code, failed(outcome), outcome.leaks) == (0, {}, [])


def test_what_cannot_be_removed_is_a_leak_and_named(platform: Platform) -> None:
    deletes = 0

    def refuse_after_the_check(asked: Asked, store: Store) -> Answered:
        nonlocal deletes
        # The first two are the reader's and the check's own; a third is asked to see that nothing is left.
        deletes += asked.method == "DELETE"
        if deletes > 3 and asked.method == "DELETE":
            return Answered(500, {"Content-Type": "application/json"}, b'{"error": {"message": "not today"}}')
        return store(asked)

    with faulty.proxy(platform.target().dicomweb_root, refuse_after_the_check) as root:
        outcome = run(platform.target(root), platform.token, profile="quick")

    assert failed(outcome) == {}
    assert outcome.exit_code == 3
    assert len(outcome.leaks) == 1
    assert re.search(r"study 2\.25\.\d+ is left in http://.*not today", outcome.leaks[0])


def test_slow_frames_are_a_warning_with_the_figure(platform: Platform) -> None:
    def slowly(asked: Asked, store: Store) -> Answered:
        if re.search(r"frames/1[56]$", asked.path):  # enough of them to show in the slowest twentieth
            time.sleep(0.32)  # the fault itself
        return store(asked)

    with faulty.proxy(platform.target().dicomweb_root, slowly) as root:
        outcome = run(platform.target(root), platform.token, profile="quick")

    warned = {one.id: one.reason for one in outcome.results if one.status == "warn"}
    assert outcome.exit_code == 0
    assert re.search(r"95 of 100 single frames take up to \d{3,} ms; 300 ms is the viewer's budget", warned["6"])


def test_a_busy_store_is_retried_and_the_retries_are_counted(platform: Platform) -> None:
    busy: set[str] = set()

    def busy_once(asked: Asked, store: Store) -> Answered:
        if asked.method == "GET" and "metadata" in asked.path and asked.path not in busy:
            busy.add(asked.path)
            return Answered(503, {"Content-Type": "application/json"}, b"{}")
        return store(asked)

    with faulty.proxy(platform.target().dicomweb_root, busy_once) as root:
        outcome = run(platform.target(root), platform.token, profile="quick")

    assert outcome.exit_code == 0
    assert {one.id: one.retries for one in outcome.results if one.retries}.keys() == {"4", "14"}
