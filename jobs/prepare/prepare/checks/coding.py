"""What pixels are and how they are coded: R06, R07, R08, R11."""

from __future__ import annotations

from typing import Any

from ..model.codestream import Header
from ..model.finding import ReadinessRule, SlideFinding, table
from ..model.image import SlideImage
from ..model.slide import Slide

MONOCHROME = "MONOCHROME2"
TRANSFORMED = ("YBR_ICT", "YBR_RCT")


def check_profiles(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R06. The engine pairs levels and profiles by their number, so some without one leave the slide blank."""
    colour = [image for image in slide.images if image.samples > 1]
    lacking = [image for image in colour if not image.icc]
    unusable = [image for image in colour if image.unusable_profile]
    if unusable and len(lacking) == len(colour):
        return [rule.finding("unusable", unusable, remedy="none")]
    if lacking and len(lacking) < len(colour):
        return [rule.finding("partial", lacking)]
    digests = {image.icc_digest for image in colour if image.icc_digest}
    if len(digests) > 1:
        return [rule.finding("different", colour, "WARN", "none", profiles=len(digests))]
    return []


def check_decodable(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R07. Judged by what the probe frames are, as the engine itself does."""
    codestreams: dict[str, dict[str, Any]] = table()["codestreams"]
    findings: list[SlideFinding] = []
    advised = ", ".join(row["title"] for row in codestreams.values() if "RGB" in row["right"])
    for (coding, photometric), images in sorted(_by_coding(slide).items()):
        row = codestreams.get(coding)
        if row is None:
            findings.append(rule.finding("unreadable", images))
        elif coding == "raw-halved":
            findings.append(rule.finding("halved", images, "WRONG", "none"))
        elif not row["decodes"]:
            words: dict[str, Any] = {"coding": row["title"], "consequence": row["consequence"], "decodable": advised}
            findings.append(rule.finding("undecodable", images, row["severity"], **words))
        elif photometric in row["wrong"]:
            words = {"coding": row["title"], "photometric": photometric, "decodable": advised}
            findings.append(rule.finding("colours", images, "WRONG", **words))
    if silent := [image for image in slide.own if image.photometric in TRANSFORMED and _is_untransformed(slide, image)]:
        findings.append(rule.finding("untransformed", silent, "WRONG", "none"))
    return findings


def _is_untransformed(slide: Slide, image: SlideImage) -> bool:
    """A decoder turns nothing back then: what it gives is shown as RGB, be it that or not."""
    header = _header(slide, image)
    return header is not None and header.transformed is False


def _by_coding(slide: Slide) -> dict[tuple[str, str], list[SlideImage]]:
    """Images by coding and, where the engine gets colours of that coding wrong, by photometric interpretation."""
    grouped: dict[tuple[str, str], list[SlideImage]] = {}
    for image in slide.own:
        if (probe := slide.probes.get(image.instance)) and probe.codestream:
            wrong = table()["codestreams"].get(probe.codestream, {}).get("wrong", ())
            key = probe.codestream, image.photometric if image.photometric in wrong else ""
            grouped.setdefault(key, []).append(image)
    return grouped


def check_tile_headers(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R08. Rows, columns, samples and sign equal the metadata's; precision equals BitsAllocated; colour is 8 bit."""
    findings: list[SlideFinding] = []
    deep = [image for image in slide.own if image.samples > 1 and image.bits > 8 and not image.undescribed]
    if deep:
        findings.append(rule.finding("colour", deep, remedy="none"))
    sizes: dict[tuple[str, int, str, int], list[SlideImage]] = {}
    depths: dict[tuple[str, str], list[SlideImage]] = {}
    unsigned: list[SlideImage] = []
    for image in slide.own:
        header = _header(slide, image)
        if header is None or image.undescribed:
            continue
        if (header.rows, header.columns, header.samples) != (image.rows, image.columns, image.samples):
            what = (f"{header.columns} x {header.rows}", header.samples, f"{image.columns} x {image.rows}")
            sizes.setdefault((*what, image.samples), []).append(image)
        elif image.signed and not header.signed:
            unsigned.append(image)
        elif (header.bits, header.signed) != (image.bits, image.signed):
            depths.setdefault((_depth(header.bits, header.signed), _depth(image.bits, image.signed)), []).append(image)
    for (is_size, is_samples, said, said_samples), images in sorted(sizes.items()):
        words: dict[str, Any] = {
            "found": is_size,
            "found_samples": is_samples,
            "said": said,
            "said_samples": said_samples,
        }
        findings.append(rule.finding("size", images, **words))
    for (is_depth, said), images in sorted(depths.items()):
        findings.append(rule.finding("precision", images, found=is_depth, said=said))
    if unsigned:
        findings.append(rule.finding("sign", unsigned, remedy="none"))
    return findings


def _header(slide: Slide, image: SlideImage) -> Header | None:
    """The header of a tile that the engine decodes; what it does not is R07's."""
    probe = slide.probes.get(image.instance)
    return probe.header if probe and table()["codestreams"].get(probe.codestream, {}).get("decodes") else None


def _depth(bits: int, signed: bool) -> str:
    return f"{bits} signed" if signed else str(bits)


def check_colours(slide: Slide, rule: ReadinessRule) -> list[SlideFinding]:
    """R11. The engine shows colour (3 samples) or MONOCHROME2, not both in one slide."""
    findings: list[SlideFinding] = []
    odd: dict[tuple[str, int], list[SlideImage]] = {}
    strange: dict[str, list[SlideImage]] = {}
    for image in slide.own:
        if image.samples not in (1, 3):
            odd.setdefault(("samples", image.samples), []).append(image)
        elif not _is_shown(image):
            strange.setdefault(image.photometric or "nothing known", []).append(image)
    findings += [rule.finding("samples", images, samples=samples) for (_, samples), images in sorted(odd.items())]
    findings += [rule.finding("photometric", images, photometric=name) for name, images in sorted(strange.items())]
    if len({image.samples == 1 for image in slide.own}) > 1:
        maps = [image for image in slide.own if image.samples == 1]
        scanned = {image.samples for image in slide.own if image.image_type[:1] == ("ORIGINAL",)}
        if 1 not in scanned and scanned:
            findings.append(rule.finding("map", maps, remedy="repair"))
        else:
            findings.append(rule.finding("mixed", slide.own))
    elif len({image.samples == 1 for image in slide.images}) > 1:
        others = [image for image in slide.images if image.samples == 1 and image.series != slide.series]
        if others:
            findings.append(rule.finding("crowded", slide.own, remedy="repair", others=len(others)))
        else:
            findings.append(rule.finding("beside", slide.own))
    return findings


def _is_shown(image: SlideImage) -> bool:
    if image.samples == 1:
        return image.photometric == MONOCHROME
    return image.photometric == "RGB" or image.photometric.startswith("YBR_")
