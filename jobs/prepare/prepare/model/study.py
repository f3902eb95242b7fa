"""A study as the rules and the planner see it: its series, their images, and objects that refer to images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .image import SlideImage, has_private, shows_label
from .metadata import WHOLE_SLIDE, Json, metadata_checksum, references, text
from .slide import Probe, Slide

OVERLAYS = {
    "1.2.840.10008.5.1.4.1.1.66.4": "SEG",
    "1.2.840.10008.5.1.4.1.1.66.7": "SEG",
    "1.2.840.10008.5.1.4.1.1.91.1": "ANN",
    "1.2.840.10008.5.1.4.1.1.30": "PM",
}
"""SOP classes drawn over an image: they must find it."""
REFERRING_NOTHING = frozenset(
    f"1.2.840.10008.5.1.4.1.1.{end}"
    for end in ("1", "1.1", "1.1.1", "1.2", "1.2.1", "2", "2.1", "4", "4.1", "6.1", "3.1", "12.1", "12.2", "20", "128")
)
"""SOP classes of radiology images, whose metadata is long and which refer to no slide: only these are not read."""


@dataclass(frozen=True)
class Reference:
    """An object that refers to instances, `whole_slides` among `instances` are whole-slide images."""

    instance: str
    sop_class: str
    instances: tuple[str, ...]
    whole_slides: tuple[str, ...]
    private: bool = False
    """Whether private elements of it have a value."""


@dataclass(frozen=True)
class Series:
    """One series: its whole-slide images, and its objects that refer to others."""

    uid: str
    modality: str
    images: tuple[SlideImage, ...] = ()
    references: tuple[Reference, ...] = ()
    labelled: tuple[str, ...] = ()
    """Instances other than whole-slide images that say they show a label or its text, as far as they were read."""
    others: tuple[str, ...] = ()
    """Every instance that is no whole-slide image, as far as they were read."""
    checksums: Mapping[str, str] = field(default_factory=dict[str, str], compare=False)
    """`metadata_checksum` of every instance, as far as they were read."""


@dataclass(frozen=True)
class Study:
    uid: str
    series: tuple[Series, ...]

    def of(self, series: str) -> Series:
        """Raises KeyError for a series the study does not have."""
        return {series_of_study.uid: series_of_study for series_of_study in self.series}[series]

    def not_of_tissue(self) -> frozenset[str]:
        """Instances that are no whole-slide images and are not known to be derived from those that show tissue only."""
        known = {
            image.instance
            for series in self.series
            for image in series.images
            if image.in_pyramid and not image.burned_in
        }
        labelled = {instance for series in self.series for instance in series.labelled}
        referring = [
            reference for series in self.series for reference in series.references if reference.instance not in labelled
        ]
        while grown := {reference.instance for reference in referring if known & set(reference.instances)} - known:
            known |= grown
        return frozenset(instance for series in self.series for instance in series.others) - known

    def slide_of(self, series: str, probes: Mapping[str, Probe]) -> Slide:
        """What the viewer shows of a series: with the images of other series that SLIM puts into the same slide."""
        own = self.of(series).images
        keys = {image.slide for image in own if image.in_pyramid}
        others = (image for one in self.series if one.uid != series for image in one.images if image.slide in keys)
        pyramid = tuple(image for image in (*own, *others) if image.in_pyramid)
        return Slide(pyramid, series, probes, tuple(image for image in own if not image.in_pyramid))


def series_of(uid: str, modality: str, metadata: list[Json]) -> Series:
    """A series from its metadata, in the order of the store."""
    images = [item for item in metadata if text(item, "SOPClassUID") == WHOLE_SLIDE]
    others = [item for item in metadata if text(item, "SOPClassUID") != WHOLE_SLIDE]
    referring = [reference for item in others if (reference := _reference(item)).instances]
    labelled = tuple(text(item, "SOPInstanceUID") for item in others if shows_label(item))
    every = tuple(text(item, "SOPInstanceUID") for item in others)
    return Series(
        uid=uid,
        modality=modality,
        images=tuple(SlideImage.of(item) for item in images),
        references=tuple(referring),
        labelled=labelled,
        others=every,
        checksums={text(item, "SOPInstanceUID"): metadata_checksum(item) for item in metadata},
    )


def _reference(item: Json) -> Reference:
    instances = dict.fromkeys(references(item))
    return Reference(
        instance=text(item, "SOPInstanceUID"),
        sop_class=text(item, "SOPClassUID"),
        instances=tuple(instance for instance, _ in instances),
        whole_slides=tuple(instance for instance, sop_class in instances if sop_class == WHOLE_SLIDE),
        private=has_private(item),
    )
