from __future__ import annotations

import pytest

from smoke_tests.multipart import Malformed, join, parameters, split


def test_what_is_joined_splits_into_the_same_parts() -> None:
    bodies = [b"one", b"\r\ntwo\r\n", b""]

    content_type, body = join("application/dicom", bodies)

    assert [part.body for part in split(content_type, body)] == bodies
    assert {part.media_type for part in split(content_type, body)} == {"application/dicom"}


@pytest.mark.parametrize("lost", [1, 3, 8, 60])
def test_a_body_cut_short_is_noticed(lost: int) -> None:
    content_type, body = join("application/dicom", [b"x" * 100])

    with pytest.raises(Malformed):
        # The last two bytes are a line end that nobody needs.
        split(content_type, body[: -2 - lost])


def test_a_part_shorter_than_it_says_is_noticed() -> None:
    body = b"--b\r\nContent-Length: 4\r\n\r\nabc\r\n--b--"

    with pytest.raises(Malformed, match="says it has 4 bytes and has 3"):
        split("multipart/related; boundary=b", body)


def test_a_type_parameter_may_carry_parameters_of_its_own() -> None:
    """As Orthanc sends it."""
    given = parameters('multipart/related; type="image/jpeg; transfer-syntax=1.2"; boundary=b-1')

    assert given == {"": "multipart/related", "type": "image/jpeg; transfer-syntax=1.2", "boundary": "b-1"}


@pytest.mark.parametrize("content_type", ["text/html", "multipart/related", "application/dicom; boundary=b"])
def test_another_content_type_is_not_read_as_multipart(content_type: str) -> None:
    with pytest.raises(Malformed):
        split(content_type, b"--b\r\n\r\n\r\n--b--")
