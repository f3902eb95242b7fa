"""Colour profiles (ICC) that metadata tells by reference, as stores do with binary values: read, for R06 to compare."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ..errors import Gone
from ..model.image import SlideImage, profile_digest
from ..model.metadata import Json, items, tag, text
from .store import IN_FLIGHT, DicomStore

ICC = tag("ICCProfile")


def with_profiles(store: DicomStore, images: Iterable[SlideImage], metadata: Iterable[Json]) -> tuple[SlideImage, ...]:
    """The images, each level with what its profile is. One that the store does not have stays unknown."""
    by_instance = {text(item, "SOPInstanceUID"): item for item in metadata if _links(item)}

    def told(image: SlideImage) -> SlideImage:
        if not (image.in_pyramid and image.samples > 1 and image.instance in by_instance):
            return image
        try:
            return replace(image, icc_digest=_digest(store, by_instance[image.instance]))
        except Gone:
            return image

    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        return tuple(pool.map(told, images))


def _links(item: Json) -> list[str]:
    found = (path.get(ICC, {}).get("BulkDataURI") for path in items(item, "OpticalPathSequence"))
    return [link for link in found if isinstance(link, str)]


def _digest(store: DicomStore, item: Json) -> str:
    """As of profiles that are in the metadata themselves."""
    return profile_digest(base64.b64encode(store.bulk(link)).decode() for link in _links(item))
