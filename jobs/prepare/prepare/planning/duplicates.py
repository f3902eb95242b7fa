"""R03: of images that claim to be one level, one is kept, where they are known to be the same picture."""

from __future__ import annotations

from collections.abc import Mapping

from ..model.actions import Action, LeaveOut
from ..model.finding import table
from ..model.image import SlideImage
from ..model.slide import Place, PyramidLevel, levels_of
from .repairs import CannotRepair, Case, broken, uids

SAME_MEANS = 0.05
"""How far means of parts of two equal tiles are apart at most, of 1: one may be compressed with a loss."""

Group = tuple[SlideImage, ...]


def keep_one_duplicate(case: Case) -> list[Action]:
    """R03. Of images of the same level one is kept. Raises CannotRepair where they may not be the same picture."""
    actions: dict[tuple[str, ...], Action] = {}
    duplicates = set(case.concerned(("R03", "same_size")))
    for level in levels_of(case.slide.own):
        groups = _groups(level)
        if len(groups) < 2 or not duplicates & set(level.images):
            continue
        differ = sorted({name for group in groups[1:] for name in differences(case, groups[0], group)})
        if differ:
            raise CannotRepair("twin_levels", differ=", ".join(differ))
        kept, *others = sorted(groups, key=lambda group: _worth(case, group))
        left = uids(image for group in others for image in group)
        actions[left] = LeaveOut(instances=left, kept=uids(kept))
    return list(actions.values())


def differences(case: Case, one: Group, other: Group) -> list[str]:
    """The attributes in which two images of one size are not known to be alike; nothing where they are one picture."""
    first, second = _facts(one), _facts(other)
    names = [name for name, value in first.items() if value != second[name]]
    return names or ([] if _same_pixels(case, one, other) else ["pixels, as far as they could be compared"])


def _facts(group: Group) -> dict[str, object]:
    """What is compared, by the name that people call it."""
    first = group[0]
    return {
        "kind of pixels": (first.samples, first.bits),
        "spacing": round(first.spacing, 9),
        "time or depth of field of the scan": first.scan,
        "origin": tuple(round(value, 6) for value in first.origin),
        "depth": first.depth,
        "direction": tuple(round(value, 6) for value in first.orientation),
        "pyramid (PyramidUID)": first.pyramid,
        "acquisition (AcquisitionUID)": first.slide[2],
        "tiles": (first.columns, first.rows, _places(group)),
    }


def _places(group: Group) -> frozenset[tuple[int, int]] | str:
    """The places of the tiles that are there; a word of its own where it is not known which are."""
    first = group[0]
    if not any(image.sparse for image in group):
        across = -(-first.total_columns // max(first.columns, 1))
        down = -(-first.total_rows // max(first.rows, 1))
        return frozenset((column, row) for column in range(across) for row in range(down))
    if all(image.places for image in group):
        return frozenset(place for image in group for place in image.places)
    return f"not known of {first.instance}"


def _same_pixels(case: Case, one: Group, other: Group) -> bool:
    first, second = _samples(case, one), _samples(case, other)
    common = [place for place in first if first[place] and second.get(place)]
    return bool(common) and not any(
        abs(mean - its) > SAME_MEANS for place in common for mean, its in zip(first[place], second[place], strict=True)
    )


def _samples(case: Case, group: Group) -> Mapping[Place, tuple[float, ...]]:
    probes = [probe for image in group if (probe := case.slide.probes.get(image.instance))]
    return {place: means for probe in probes for place, means in probe.samples.items()}


def _groups(level: PyramidLevel) -> list[Group]:
    """Each image alone, parts of one concatenation together."""
    groups: dict[str, list[SlideImage]] = {}
    for image in level.images:
        groups.setdefault(image.concatenation_source or image.instance, []).append(image)
    return [tuple(group) for group in groups.values()]


def _worth(case: Case, group: Group) -> tuple[object, ...]:
    """Sorts the better image first: sound, decodable, placed, original, lossless; the UID decides between equals."""
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
