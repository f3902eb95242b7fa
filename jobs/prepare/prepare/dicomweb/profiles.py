"""Colour profiles (ICC) that metadata tells by reference, as stores do with binary values: read, for R06 to compare."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ..errors import Gone
from ..model.image import SlideImage, is_profile, profile_digest
from ..model.metadata import Json, items, tag, text
from .store import IN_FLIGHT, DicomStore

ICC = tag("ICCProfile")


def with_profiles(store: DicomStore, images: Iterable[SlideImage], metadata: Iterable[Json]) -> tuple[SlideImage, ...]:
    """The images, each level with what its profile is, and whether it is one. What the store lacks stays unknown."""
    by_instance = {text(item, "SOPInstanceUID"): item for item in metadata if _links(item)}

    def with_profile(image: SlideImage) -> SlideImage:
        if not (image.in_pyramid and image.samples > 1 and image.instance in by_instance):
            return image
        try:
            profiles = [store.bulk(link) for link in _links(by_instance[image.instance])]
        except Gone:
            return image
        usable = [is_profile(profile) for profile in profiles]
        digest = profile_digest(base64.b64encode(profile).decode() for profile in profiles)
        return replace(
            image, icc=any(usable), icc_digest=digest if any(usable) else "", unusable_profile=not all(usable)
        )

    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        return tuple(pool.map(with_profile, images))


def _links(item: Json) -> list[str]:
    links = (path.get(ICC, {}).get("BulkDataURI") for path in items(item, "OpticalPathSequence"))
    return [link for link in links if isinstance(link, str)]
