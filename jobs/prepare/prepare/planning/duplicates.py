"""R03: of images that claim to be one level, one is kept, where they may be the same picture."""

from __future__ import annotations

from ..model.actions import Action, LeaveOut
from ..model.finding import table
from ..model.image import SlideImage
from ..model.slide import PyramidLevel, levels_of
from .repairs import CannotRepair, Case, broken, uids


def keep_one_duplicate(case: Case) -> list[Action]:
    """R03. Of images of the same level one is kept. Raises CannotRepair where they may not be the same picture."""
    actions: dict[tuple[str, ...], Action] = {}
    twins = set(case.concerned(("R03", "same_size")))
    for level in levels_of(case.slide.own):
        groups = _groups(level)
        if len(groups) < 2 or not twins & set(level.images):
            continue
        if len({(image.samples, image.bits, round(image.spacing, 9), image.scan) for image in level.images}) > 1:
            raise CannotRepair("twin_levels")
        kept, *others = sorted(groups, key=lambda group: _worth(case, group))
        left = uids(image for group in others for image in group)
        actions[left] = LeaveOut(instances=left, kept=uids(kept))
    return list(actions.values())


def _groups(level: PyramidLevel) -> list[tuple[SlideImage, ...]]:
    """Each image alone, parts of one concatenation together."""
    groups: dict[str, list[SlideImage]] = {}
    for image in level.images:
        groups.setdefault(image.concatenation_source or image.instance, []).append(image)
    return [tuple(group) for group in groups.values()]


def _worth(case: Case, group: tuple[SlideImage, ...]) -> tuple[object, ...]:
    """Sorts the better twin first: sound, decodable, placed, original, lossless; the UID decides between equals."""
    unsound = {image.instance for image in broken(case)}
    decodes = all(_decodes(case, image) for image in group)
    first = group[0]
    return (
        any(image.instance in unsound for image in group),
        not decodes,
        first.sparse,
        first.image_type[:1] != ("ORIGINAL",),
        first.lossy,
        min(image.instance for image in group),
    )


def _decodes(case: Case, image: SlideImage) -> bool:
    probe = case.slide.probes.get(image.instance)
    row = table()["codestreams"].get(probe.codestream, {}) if probe else {}
    return probe is None or bool(row.get("decodes") and image.photometric not in row["wrong"])
