"""The slide as it will be when a plan is carried out: what the rules, and the cost of opening, will then say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..model.actions import Act, Complete, FixImageType, FullTiling, MakeLevel, ShareProfile, Strip, Transcode
from ..model.codestream import Header
from ..model.image import REQUIRED, Image
from ..model.plan import SeriesPlan
from ..model.slide import Probe, Slide


def foreseen(slide: Slide, plan: SeriesPlan) -> Slide:
    """New images are named by what they are made of; their frames count as long as the source's."""
    if plan.kind == "blocked":
        return slide
    probes = dict(slide.probes)
    every = {image.instance: image for image in (*slide.images, *slide.labels)}
    gone = set(plan.absent)
    for act in sorted(plan.acts, key=lambda act: isinstance(act, MakeLevel)):  # levels are made of what is repaired
        if isinstance(act, MakeLevel):
            made, probe = _made(act, every[act.sources[0]], probes.get(act.sources[0]))
            every[made.instance] = made
            if probe:
                probes[made.instance] = probe
            gone |= set(act.instances)
        elif isinstance(act, FullTiling):
            whole, parts = act.instances[0], act.instances[1:]
            every[whole] = _tiled(every[whole])
            gone |= set(parts)
        else:
            for uid in getattr(act, "instances", ()):
                every[uid] = _changed(act, every[uid], every)
                if isinstance(act, Transcode) and uid in probes:
                    probes[uid] = replace(probes[uid], codestream=act.coding, header=_header(every[uid]))
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


def named(slide: Slide, names: Mapping[str, str]) -> Slide:
    """The slide with other UIDs, where `names` has them."""
    return replace(
        slide,
        images=tuple(replace(image, instance=names.get(image.instance, image.instance)) for image in slide.images),
        labels=tuple(replace(image, instance=names.get(image.instance, image.instance)) for image in slide.labels),
        probes={names.get(uid, uid): probe for uid, probe in slide.probes.items()},
    )


def _changed(act: Act, image: Image, every: dict[str, Image]) -> Image:
    if isinstance(act, ShareProfile):
        return replace(image, icc=True, icc_digest=every[act.profile_of].icc_digest)
    if isinstance(act, FixImageType):
        return replace(image, image_type=act.image_type)
    if isinstance(act, Strip):
        return replace(image, label_attributes=())
    if isinstance(act, Complete):
        frame, container, acquisition = image.slide
        if "AcquisitionUID" in act.attributes:
            acquisition = every[act.template].slide[2]
        still = tuple(name for name in image.missing if name not in act.attributes or name not in REQUIRED)
        paths = image.optical_paths or (every[act.template].optical_paths if act.template else ("1",))
        told = 0 if "NumberOfOpticalPaths" in act.attributes else image.paths_told
        return replace(
            image, missing=still, slide=(frame, container, acquisition), optical_paths=paths, paths_told=told
        )
    if isinstance(act, Transcode) and not act.unwrap:
        return _coded(image, act.coding)
    return image


def _coded(image: Image, coding: str) -> Image:
    """New frames of colour are RGB, a JPEG's are YBR_FULL."""
    photometric = "YBR_FULL" if coding == "jpeg-baseline" else "RGB"
    return replace(image, photometric=photometric, planar=False) if image.samples == 3 else image


def _tiled(image: Image) -> Image:
    return replace(
        image,
        organization="TILED_FULL",
        per_frame_items=None,
        positions="none",
        paths_told=0,
        unidentified=False,
        frames=_frames(image),
        concatenation="",
        concatenation_source="",
        concatenation_parts=0,
        metadata_bytes=0,
    )


def _made(act: MakeLevel, source: Image, probe: Probe | None) -> tuple[Image, Probe | None]:
    image = replace(
        _tiled(_coded(source, act.coding)),
        instance=provisional(act),
        image_type=("DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"),
        total_columns=act.columns,
        total_rows=act.rows,
        spacing=source.spacing * act.factor,
    )
    image = replace(image, frames=_frames(image))
    return image, replace(probe, frame=1, codestream=act.coding, header=_header(image)) if probe else None


def _frames(image: Image) -> int:
    return image.tiles * max(len(image.optical_paths), 1)


def _header(image: Image) -> Header:
    return Header(image.rows, image.columns, image.samples, image.bits, image.signed)
