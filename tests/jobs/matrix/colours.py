"""What pixels are and how they are coded; colour profiles and channels."""

from __future__ import annotations

import base64

from tests.jobs.fakes import Store, item, optical_path
from tests.jobs.matrix import frames
from tests.jobs.matrix.slides import (
    DEEP,
    DEEP_FRAME,
    ICC,
    MONO,
    PROFILE,
    SERIES,
    channels,
    having,
    levels,
    put,
    slide,
    thumbnail,
)

OTHER_PROFILE = base64.b64encode(base64.b64decode(PROFILE) + b"another").decode()


@slide
def icc_everywhere() -> Store:
    return put(*levels(OpticalPathSequence=[ICC]))


@slide
def icc_on_base_only() -> Store:
    return put(*having(levels(), 0, OpticalPathSequence=[ICC]))


@slide
def icc_missing_on_thumbnail() -> Store:
    return put(
        *levels(1024, 512, OpticalPathSequence=[ICC]), thumbnail(200), each={f"{SERIES}.8": frames.jpeg(edge=200)}
    )


@slide
def icc_of_two_kinds() -> Store:
    return put(
        *having(
            levels(OpticalPathSequence=[ICC]),
            1,
            OpticalPathSequence=[optical_path("1", icc=OTHER_PROFILE)],
        )
    )


@slide
def rle() -> Store:
    return put(*levels(LossyImageCompression="00"), frame=frames.RLE)


@slide
def rle_on_one_level() -> Store:
    return put(*levels(), each={f"{SERIES}.2": frames.RLE})


@slide
def jpeg_lossless() -> Store:
    return put(*levels(LossyImageCompression="00"), frame=frames.jpeg(0xC3))


@slide
def jpeg_12_bit() -> Store:
    return put(*levels(**DEEP), frame=frames.jpeg(0xC1, samples=1, bits=12))


@slide
def jpeg_xl_of_jpeg() -> Store:
    return put(*levels(), frame=frames.JPEG_XL_OF_JPEG)


@slide
def jpeg2000() -> Store:
    return put(*levels(), frame=frames.jpeg2000())


@slide
def jpeg2000_without_its_transform() -> Store:
    return put(*levels(PhotometricInterpretation="YBR_ICT"), frame=frames.jpeg2000(transformed=False))


@slide
def htj2k() -> Store:
    return put(*levels(), frame=frames.jpeg2000(ht=True))


@slide
def damaged_base() -> Store:
    return put(*levels(), each={f"{SERIES}.1": frames.DAMAGED})


@slide
def damaged_level() -> Store:
    return put(*levels(), each={f"{SERIES}.2": frames.DAMAGED})


@slide
def tiles_of_another_size() -> Store:
    return put(*levels(), each={f"{SERIES}.3": frames.jpeg(edge=240)})


@slide
def twelve_in_sixteen() -> Store:
    return put(*levels(**DEEP), frame=frames.jpeg2000(1, 12))


@slide
def colour_of_16_bits() -> Store:
    return put(*levels(BitsAllocated=16), frame=frames.jpeg2000(3, 16))


@slide
def palette() -> Store:
    return put(*levels(**{**MONO, "PhotometricInterpretation": "PALETTE COLOR"}), frame=frames.jpeg_ls(1))


@slide
def four_samples() -> Store:
    return put(*levels(SamplesPerPixel=4, PhotometricInterpretation="CMYK"), frame=frames.jpeg(samples=4))


@slide
def colour_and_monochrome() -> Store:
    return put(*having(levels(), 2, **MONO), each={f"{SERIES}.3": frames.jpeg(samples=1)})


@slide
def channels_as_two_instances() -> Store:
    made = [
        item(f"{SERIES}.{path}.{size}", size, OpticalPathSequence=[optical_path(path)], **DEEP)
        for path in ("1", "2")
        for size in (1024, 512, 256)
    ]
    return put(*made, frame=DEEP_FRAME)


@slide
def channels_as_two_paths() -> Store:
    return put(*channels(), frame=DEEP_FRAME)


@slide
def channels_as_two_paths_base_only() -> Store:
    return put(*channels(1024), frame=DEEP_FRAME)
