"""Which of the things offered an Accept header chooses (RFC 9110 §12.5.1)."""

from __future__ import annotations

import pytest

from localcloud.dicom.http.accept import choose
from localcloud.errors import ApiError


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("", "image/jpeg"),
        ("*/*", "image/jpeg"),
        ("image/png", "image/png"),
        ("image/jpeg;q=0.1, image/png", "image/png"),
        ("image/png, image/jpeg", "image/png"),
        ("*/*, image/jpeg;q=0.1", "image/png"),
        ("image/jpeg;q=0, */*", "image/png"),
        ("image/*;q=0.2, image/jpeg;q=0.3, */*;q=0.9", "image/jpeg"),
        ("text/html, */*;q=0.1", "image/jpeg"),
    ],
)
def test_the_most_specific_range_decides(header: str, chosen: str) -> None:
    assert choose(header, ("image/jpeg", "image/png")) == chosen


@pytest.mark.parametrize("header", ["text/html", "*/*;q=0", "image/*, image/jpeg;q=0, image/png;q=0"])
def test_nothing_acceptable_is_406(header: str) -> None:
    with pytest.raises(ApiError) as refused:
        choose(header, ("image/jpeg", "image/png"))
    assert refused.value.code == 406
