"""A level asked for in Explicit VR Little Endian comes decoded, with the pixels that its frames hold.

Google transcodes instances up to 1 GB; that limit is not tried."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.pixels.utils import pixel_array
from pydicom.uid import ExplicitVRLittleEndian

from smoke_tests.compare import parse, pixels_of
from smoke_tests.context import Context
from smoke_tests.plugin import Notes

DECODED = f'multipart/related; type="application/dicom"; transfer-syntax={ExplicitVRLittleEndian}'
FAR_OFF = 4
"""Difference of one sample, of 255, that the rounding of two JPEG decoders explains."""
SHARE = 0.02
"""Part of the samples that may be farther off: at sharp edges, decoders interpolate colour differently."""


@pytest.mark.writes
@pytest.mark.needs("transcode", "stow")
def check_a_level_can_be_had_decoded(run: Context, note: Notes) -> None:
    run.slide_is_there()
    coarsest = run.instances[-1]
    parts = run.reader.parts(run.path(coarsest), DECODED)
    assert len(parts) == 1, f"instance {coarsest.uid} came in {len(parts)} parts"
    got = parse(parts[0].body)
    syntax = got.file_meta.TransferSyntaxUID
    assert syntax == ExplicitVRLittleEndian, f"instance {coarsest.uid} came as {syntax.name}"
    wanted = pixels_of(coarsest).astype(int)
    try:
        decoded = pixel_array(got, index=0)
    except (AttributeError, ValueError, RuntimeError) as error:
        raise AssertionError(f"decoded, instance {coarsest.uid} has no usable pixels: {error}") from None
    shape = decoded.shape
    assert shape == wanted.shape, f"decoded, {coarsest.uid} is {shape} pixels and samples, sent was {wanted.shape}"
    off = float((np.abs(decoded - wanted) > FAR_OFF).mean())
    note(samples_off=f"{100 * off:.2f} %")
    assert off <= SHARE, f"decoded, {100 * off:.0f} % of the samples of {coarsest.uid} are not those of the frame sent"
