"""What a study holds, read from the store: metadata of its slides and annotations, and one frame of each image.

Owns the requests that looking takes. One unreadable series does not hide the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ..errors import CannotRun, SeriesFailed
from ..model.finding import table
from ..model.image import SlideImage
from ..model.metadata import Row, checksum, text
from ..model.slide import Probe, Slide
from ..model.study import REFERRING_NOTHING, Series, Study, series_of
from ..pixels.errors import readable
from ..pixels.probe import GUIDE_FRAMES, Point, busiest_points, choose_frames, examine
from .profiles import with_profiles
from .store import IN_FLIGHT, DicomStore


@dataclass(frozen=True)
class Inspected:
    """A study as far as it could be read; `slides` for series with whole-slide images."""

    study: Study
    slides: Mapping[str, Slide]
    unreadable: Mapping[str, Exception]
    """Why a series is not in `study`."""

    def contents_of(self, series: str) -> dict[str, str]:
        """Checksums of what was read of each instance of a series; none of series that are only named."""
        if series in self.unreadable:
            return {}
        read = self.study.of(series)
        looked_at = {uid: probe.checksum for slide in self.slides.values() for uid, probe in slide.probes.items()}
        profiles = {image.instance: image.icc_digest for image in read.images}
        return {
            uid: checksum(*(part.encode() for part in (metadata, looked_at.get(uid, ""), profiles.get(uid, ""))))
            for uid, metadata in read.checksums.items()
        }


def inspect(store: DicomStore, study: str, rows: Iterable[Row], everything: bool = False) -> Inspected:
    """Reads every series of slides and annotations; others (radiology) are only named, unless `everything` is read.

    Raises CannotRun.
    """
    series: list[Series] = []
    probes: dict[str, dict[str, Probe]] = {}
    unreadable: dict[str, Exception] = {}
    for uid, own in _by_series(rows).items():
        whole_slide = any(row.whole_slide for row in own)
        try:
            series.append(_series(store, study, uid, own, everything))
            if whole_slide:
                probes[uid] = _probes(store, study, series[-1].images)
        except CannotRun:
            raise
        except Exception as error:  # told when this series is prepared; the others go on
            unreadable[uid] = error
    study_read = Study(study, tuple(series_read for series_read in series if series_read.uid not in unreadable))
    every = {instance: probe for by_instance in probes.values() for instance, probe in by_instance.items()}
    slides = {uid: study_read.slide_of(uid, every) for uid in probes if uid not in unreadable}
    return Inspected(study_read, slides, unreadable)


def _by_series(rows: Iterable[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.series, []).append(row)
    return grouped


def _series(store: DicomStore, study: str, uid: str, own: list[Row], everything: bool) -> Series:
    modality = own[0].modality
    if not everything and all(row.sop_class in REFERRING_NOTHING for row in own):
        return Series(uid, modality)
    listed = {row.instance for row in own}  # what this job added is in the metadata, too
    metadata = [item for item in store.metadata(study, uid) if text(item, "SOPInstanceUID") in listed]
    if absent := len(listed - {text(item, "SOPInstanceUID") for item in metadata}):
        raise SeriesFailed(
            f"series {uid}: {store.name} lists {len(listed)} instances, but has no metadata of {absent}; run again"
        )
    with readable(f"series {uid}"):
        series = series_of(uid, modality, metadata)
        return replace(series, images=with_profiles(store, series.images, metadata))


def _probes(store: DicomStore, study: str, images: Iterable[SlideImage]) -> dict[str, Probe]:
    """Small images first: what they show tells where on larger ones there is something to compare."""
    pyramid = [image for image in images if image.in_pyramid]
    small = [image for image in pyramid if image.frames <= GUIDE_FRAMES]
    large = [image for image in pyramid if image.frames > GUIDE_FRAMES]
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        probes = dict(zip((image.instance for image in small), pool.map(_probe(store, study, ()), small), strict=True))
        points = busiest_points([(image, probes[image.instance]) for image in small])
        more = zip((image.instance for image in large), pool.map(_probe(store, study, points), large), strict=True)
        return probes | dict(more)


def _probe(store: DicomStore, study: str, points: Sequence[Point]) -> Callable[[SlideImage], Probe]:
    def probe(image: SlideImage) -> Probe:
        wanted = choose_frames(image, points)
        frames = store.frames(study, image.series, image.instance, wanted)
        big_endian = False
        if image.bits > 8 and any(len(frame) == image.raw_frame_bytes for frame in frames.values()):
            syntax = store.transfer_syntax(study, image.series, image.instance)  # the bytes do not tell their order
            big_endian = syntax in table()["codestreams"]["raw-big-endian"]["transfer_syntaxes"]
        return examine(image, frames, wanted, big_endian)

    return probe
