"""The slide as it will be when a plan is carried out: what the rules, and the cost of opening, will then say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..model.actions import Action, Complete, FixImageType, FullTiling, MakeLevel, ShareProfile, Strip, Transcode
from ..model.codestream import Header
from ..model.image import REQUIRED, SlideImage
from ..model.plan import SeriesPlan
from ..model.slide import Probe, Slide


def simulate_plan(slide: Slide, plan: SeriesPlan) -> Slide:
    """New images are named by what they are made of; their frames count as long as the source's."""
    if plan.kind == "blocked":
        return slide
    probes = dict(slide.probes)
    every = {image.instance: image for image in (*slide.images, *slide.labels)}
    gone = set(plan.absent)
    for action in sorted(
        plan.actions, key=lambda action: isinstance(action, MakeLevel)
    ):  # levels are made of what is repaired
        if isinstance(action, MakeLevel):
            made, probe = _make(action, every[action.sources[0]], probes.get(action.sources[0]))
            every[made.instance] = made
            if probe:
                probes[made.instance] = probe
            gone |= set(action.instances)
        elif isinstance(action, FullTiling):
            whole, parts = action.instances[0], action.instances[1:]
            every[whole] = _tile(every[whole])
            gone |= set(parts)
        else:
            for uid in getattr(action, "instances", ()):
                every[uid] = _change(action, every[uid], every)
                if isinstance(action, Transcode) and uid in probes:
                    probes[uid] = replace(probes[uid], codestream=action.coding, header=_header(every[uid]))
    shown = [image for uid, image in every.items() if uid not in gone]
    return replace(
        slide,
        images=tuple(image for image in shown if image.in_pyramid),
        labels=tuple(image for image in shown if not image.in_pyramid),
        probes={uid: probe for uid, probe in probes.items() if uid not in gone},
    )


def provisional(level: MakeLevel) -> str:
    """The name of a level that has no UID yet."""
    return f"{level.sources[0]}/{level.factor}"


def rename_instances(slide: Slide, names: Mapping[str, str]) -> Slide:
    """The slide with other UIDs, where `names` has them."""
    return replace(
        slide,
        images=tuple(replace(image, instance=names.get(image.instance, image.instance)) for image in slide.images),
        labels=tuple(replace(image, instance=names.get(image.instance, image.instance)) for image in slide.labels),
        probes={names.get(uid, uid): probe for uid, probe in slide.probes.items()},
    )


def _change(action: Action, image: SlideImage, every: dict[str, SlideImage]) -> SlideImage:
    if isinstance(action, ShareProfile):
        return replace(image, icc=True, unusable_profile=False, icc_digest=every[action.profile_of].icc_digest)
    if isinstance(action, FixImageType):
        return replace(image, image_type=action.image_type)
    if isinstance(action, Strip):
        return replace(image, label_attributes=())
    if isinstance(action, Complete):
        frame, container, acquisition = image.slide
        if "AcquisitionUID" in action.attributes:
            acquisition = every[action.template].slide[2]
        if "FrameOfReferenceUID" in action.attributes:
            frame = every[action.template].slide[0]
        if "ContainerIdentifier" in action.attributes:
            container = every[action.template].slide[1]
        still = tuple(name for name in image.missing if name not in action.attributes or name not in REQUIRED)
        paths = image.optical_paths
        if not all(paths) or not paths:
            paths = every[action.template].optical_paths if action.template else ("1",)
        stated_paths = 0 if "NumberOfOpticalPaths" in action.attributes else image.paths_told
        return replace(
            image, missing=still, slide=(frame, container, acquisition), optical_paths=paths, paths_told=stated_paths
        )
    if isinstance(action, Transcode) and not action.unwrap:
        return _encode(image, action.coding)
    return image


def _encode(image: SlideImage, coding: str) -> SlideImage:
    """New frames of colour are RGB, a JPEG's are YBR_FULL_422."""
    photometric = "YBR_FULL_422" if coding == "jpeg-baseline" else "RGB"
    return replace(image, photometric=photometric, planar=False) if image.samples == 3 else image


def _tile(image: SlideImage) -> SlideImage:
    return replace(
        image,
        organization="TILED_FULL",
        per_frame_items=None,
        positions="none",
        places=(),
        paths_told=0,
        unidentified=False,
        misidentified=False,
        frames=_frames(image),
        concatenation="",
        concatenation_source="",
        concatenation_parts=0,
        metadata_bytes=0,
    )


def _make(action: MakeLevel, source: SlideImage, probe: Probe | None) -> tuple[SlideImage, Probe | None]:
    across, down = source.spacings or (0.0, 0.0)
    spacing = action.spacing or (down * action.factor, across * action.factor)
    image = replace(
        _tile(_encode(source, action.coding)),
        instance=provisional(action),
        image_type=("DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"),
        total_columns=action.columns,
        total_rows=action.rows,
        spacing=spacing[1],
        row_spacing=spacing[0] if spacing[0] != spacing[1] else 0.0,
    )
    image = replace(image, frames=_frames(image))
    if probe is None:
        return image, None
    return image, Probe(frame=1, bytes=probe.bytes, codestream=action.coding, header=_header(image))


def _frames(image: SlideImage) -> int:
    return image.tiles * max(len(image.optical_paths), 1)


def _header(image: SlideImage) -> Header:
    return Header(image.rows, image.columns, image.samples, image.bits, image.signed)
