"""Where tiles lie and whether all are there: R01, R02, R14, R15."""

from __future__ import annotations

from typing import Any

from ..model.finding import ReadinessRule, SlideFinding
from ..model.image import SlideImage
from ..model.slide import PyramidLevel, Slide, levels_of, pyramids


def check_frame_places(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R01. The engine takes anything but TILED_FULL for sparse, and then needs the per-frame sequence."""
    sparse = [image for image in slide.own if image.sparse]
    missing = [image for image in sparse if not image.per_frame_items or _is_placed_otherwise(image)]
    findings = [rule.finding("missing", missing)] if missing else []
    unplaced = [image for image in sparse if image not in missing and _is_unplaced(image)]
    if unplaced:
        findings.append(rule.finding("unplaced", unplaced, remedy="none"))
    misplaced = [image for image in sparse if image.positions in ("off_grid", "repeated")]
    if misplaced:
        findings.append(rule.finding("off_grid", misplaced, "WRONG", "none"))
    contradicting = [image for image in slide.own if not image.sparse and _is_ordered_otherwise(image)]
    if contradicting:
        findings.append(rule.finding("contradicting", contradicting, "WRONG", "none"))
    large = [image for image in sparse if (image.per_frame_items or 0) > rule.parameters["slow_frames"]]
    if large:
        items = sum(image.per_frame_items or 0 for image in large)
        findings.append(rule.finding("large", large, "SLOW", items=items))
    return findings


def _is_placed_otherwise(image: SlideImage) -> bool:
    """The one frame's place is known, but not from where the engine reads it."""
    one = image.frames == 1 and (image.shared_position or image.tiles == 1)
    return image.positions == "none" and one


def _is_ordered_otherwise(image: SlideImage) -> bool:
    """In full tiling the engine goes by the order of the frames, whatever their positions say."""
    if image.positions != "grid":
        return False
    order = ((image.first_frame + number) % max(image.tiles, 1) for number in range(len(image.places)))
    return any(place != (at % image.across, at // image.across) for place, at in zip(image.places, order, strict=True))


def _is_unplaced(image: SlideImage) -> bool:
    return image.positions in ("none", "partial") or (image.per_frame_items or 0) != image.frames


def check_frame_counts(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R02. Over all parts of a concatenation; a sparse level may leave tiles out, but no parts.

    The engine counts the frames of each part from the first tile of the level, whatever its offset says: of parts in
    full tiling the last one is shown, in the wrong place. Only positions tell it where a part belongs.
    """
    findings: list[SlideFinding] = []
    base = {path: levels[0] for path, levels in pyramids(slide.own).items()}
    for level in levels_of(slide.own):
        finer = level not in base.values()
        columns, rows = level.size
        parts = max(image.concatenation_parts for image in level.images)
        if parts > len(level.images):
            have = len(level.images)
            words: dict[str, Any] = {"columns": columns, "rows": rows, "have": have, "parts": parts}
            findings.append(rule.finding("part", level.images, remedy="repair" if finer else None, **words))
            continue
        if broken := _broken_frames(level, slide):
            remedy = "repair" if finer else None
            findings += [rule.finding(problem, [image], remedy=remedy, **words) for problem, image, words in broken]
            continue
        frames, expected = sum(image.frames for image in level.images), count_expected_frames(level)
        if not any(image.sparse for image in level.images) and frames != expected and _is_one_image(level):
            words = {"columns": columns, "rows": rows, "frames": frames, "expected": expected}
            problem = "level" if finer else "count"
            findings.append(rule.finding(problem, level.images, remedy="repair" if finer else None, **words))
        elif level.one_concatenation and len(level.images) > 1 and not all(image.sparse for image in level.images):
            words = {"columns": columns, "rows": rows, "parts": len(level.images)}
            if _do_follow(level.images):
                findings.append(rule.finding("joined", level.images, remedy="repair", **words))
            else:
                findings.append(rule.finding("order", level.images, remedy="repair" if finer else None, **words))
    return findings


def _do_follow(parts: tuple[SlideImage, ...]) -> bool:
    """Whether each part of a concatenation begins where another one ends."""
    after = 0
    for image in sorted(parts, key=lambda image: image.concatenation_offset):
        if image.concatenation_offset != after:
            return False
        after += image.frames
    return True


def _broken_frames(level: PyramidLevel, slide: Slide) -> list[tuple[str, SlideImage, dict[str, Any]]]:
    """(problem, image, words) of frames that are not there, or no picture."""
    problems: list[tuple[str, SlideImage, dict[str, Any]]] = []
    for image in level.images:
        probe = slide.probes.get(image.instance)
        words: dict[str, Any] = {"columns": level.size[0], "rows": level.size[1], "frames": image.frames}
        if probe and probe.absent:
            problems.append(("absent", image, {**words, "first": probe.absent[0], "absent": len(probe.absent)}))
        if probe and probe.damaged:
            more = {"first": probe.damaged[0], "damaged": len(probe.damaged), "looked": probe.looked_at}
            problems.append(("damaged", image, {**words, **more}))
    return problems


def count_expected_frames(level: PyramidLevel) -> int:
    first = level.images[0]
    return first.tiles * max(len(first.optical_paths), 1) * max(first.focal_planes, 1)


def _is_one_image(level: PyramidLevel) -> bool:
    """Twins (R03) would add up to twice the frames."""
    return len(level.images) == 1 or any(image.concatenation_source for image in level.images)


def check_tile_sizes(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R14. Single-frame images (thumbnails) are as large as they are."""
    low, high = rule.parameters["smallest"], rule.parameters["largest"]
    by_edge: dict[tuple[int, int], list[SlideImage]] = {}
    for image in slide.own:
        if image.frames > 1 and not all(low <= edge <= high for edge in (image.columns, image.rows)):
            by_edge.setdefault((image.columns, image.rows), []).append(image)
    return [
        rule.finding("edge", images, columns=columns, rows=rows) for (columns, rows), images in sorted(by_edge.items())
    ]


def check_description_size(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R15. What the store sends for /metadata of the series; sparse images are R01's."""
    full = [image for image in (*slide.own, *slide.labels) if not image.sparse]
    size = sum(image.metadata_bytes for image in full)
    if size <= rule.parameters["largest_bytes"]:
        return []
    return [rule.finding("bytes", full, megabytes=round(size / 1e6, 1))]
