"""What can be done to instances of a series: the words that a plan is made of. Plain data.

Everything is told in SOPInstanceUIDs of the raw store; UIDs of new instances are derived from them elsewhere.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Coding = Literal["jpeg-baseline", "jpeg-ls"]
"""What new frames are stored as: jpeg-ls is lossless, at a precision of BitsAllocated; jpeg-baseline is 8-bit colour at
the default quality, unless the frames already hold a JPEG."""


@dataclass(frozen=True, kw_only=True)
class MakeLevel:
    """One new instance, sampled down from a finer level of the same series.

    `instances` are the images it stands in for: none for an added level, the broken ones for a resampled level (then
    columns and rows are theirs, so that annotations on them stay where they are, within a pixel).
    """

    sources: tuple[str, ...]
    """The finer level: one image, or the parts of its concatenation by frame offset."""
    factor: int
    """Pixels of the source per pixel of this level, along each axis; 2 or more."""
    columns: int
    rows: int
    """TotalPixelMatrixColumns and -Rows: source size / factor, rounded up."""
    tile: tuple[int, int]
    """(Columns, Rows) of its tiles: those of the source."""
    coding: Coding
    optical_paths: tuple[str, ...]
    """All paths of the source, in its order; the new instance has them all."""
    instances: tuple[str, ...] = ()
    spacing: tuple[float, ...] = ()
    """PixelSpacing (mm, between rows and between columns), where other optical paths have a level of this size:
    scanners round it in more than one way, and the viewer takes only equal ones. Else the source's times the factor."""
    action: Literal["make_level"] = "make_level"


@dataclass(frozen=True, kw_only=True)
class FullTiling:
    """TILED_SPARSE becomes one TILED_FULL instance: frames in the order of the grid, absent tiles filled in.

    `instances` form one level: one image, or the parts of a concatenation, which become one. Frames pass byte for byte
    unless a Transcode names them, too. Where the metadata leaves the positions out, whether they lie on the grid shows
    only when the instance's own header is read.
    """

    instances: tuple[str, ...]
    coding: Coding
    """For filled-in tiles where that of the others is not to be had."""
    action: Literal["full_tiling"] = "full_tiling"


@dataclass(frozen=True, kw_only=True)
class Transcode:
    """Frames the engine cannot decode are coded anew, each instance by itself.

    `coding` jpeg-ls keeps the decoded pixels; `unwrap` takes the JPEG out that a JPEG XL frame was made of.
    """

    instances: tuple[str, ...]
    coding: Coding
    unwrap: bool = False
    action: Literal["transcode"] = "transcode"


@dataclass(frozen=True, kw_only=True)
class ShareProfile:
    """The ICC profile of one image is given to those of its slide that have none; frames pass byte for byte."""

    instances: tuple[str, ...]
    profile_of: str
    action: Literal["share_profile"] = "share_profile"


@dataclass(frozen=True, kw_only=True)
class Complete:
    """Missing attributes are taken from another image of the slide; frames pass byte for byte.

    `template` is empty where no image has them: then they are brightfield defaults (an optical path for a LABEL).
    Keywords as in `metadata.REQUIRED`; PixelSpacing is scaled by the ratio of the widths;
    NumberOfOpticalPaths is how many the image describes.
    """

    instances: tuple[str, ...]
    attributes: tuple[str, ...]
    template: str
    action: Literal["complete"] = "complete"


@dataclass(frozen=True, kw_only=True)
class FixImageType:
    """ImageType value 3 or 4 is corrected on an instance that is written anyway."""

    instances: tuple[str, ...]
    image_type: tuple[str, ...]
    action: Literal["fix_image_type"] = "fix_image_type"


@dataclass(frozen=True, kw_only=True)
class LeaveOut:
    """Images that the viewer must not see beside others; the viewer store does not get them."""

    instances: tuple[str, ...]
    kept: tuple[str, ...]
    """What the viewer shows instead: the level of the same size; none where nothing stands in."""
    action: Literal["leave_out"] = "leave_out"


@dataclass(frozen=True, kw_only=True)
class Withhold:
    """Label policy: these are not copied to the viewer store."""

    instances: tuple[str, ...]
    action: Literal["withhold"] = "withhold"


@dataclass(frozen=True, kw_only=True)
class Strip:
    """Label policy: attributes that repeat the label are not copied; frames pass byte for byte."""

    instances: tuple[str, ...]
    attributes: tuple[str, ...]
    action: Literal["strip"] = "strip"


Action = MakeLevel | FullTiling | Transcode | ShareProfile | Complete | FixImageType | LeaveOut | Withhold | Strip
REWRITES = (FullTiling, Transcode, ShareProfile, Complete, FixImageType, Strip)
"""Acts whose instances are written anew, under new SOPInstanceUIDs; several may name the same instance, applied in this
order."""


def document(action: Action) -> dict[str, Any]:
    """The action as the report has it."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(action).items()}
