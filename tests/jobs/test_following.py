"""Objects that refer to other objects: what follows when an image in the end changes, and under which UIDs."""

from __future__ import annotations

from typing import Any

from prepare.dicomweb.inspection import inspect
from prepare.planning.following import Judged, judge
from prepare.planning.new_uids import successors
from prepare.planning.planner import Options

from tests.jobs.fakes import Store
from tests.jobs.matrix import frames
from tests.jobs.matrix.slides import ANN, SEG, SERIES, SR, STUDY, annotation, having, levels, put

RLE = {"LossyImageCompression": "00"}


def judged(*items: dict[str, Any], frame: bytes = frames.RLE) -> Judged:
    store: Store = put(*items, frame=frame)
    seen = inspect(store, STUDY, store.instances(STUDY))
    return judge(seen.study, seen.slides, Options())


def names(result: Judged) -> dict[str, str]:
    images = {image.instance: image for slide in result.slides.values() for image in slide.images}
    found = successors(result.plan, images)
    return {one.instance: found[one.instance].uid for one in result.plan.followers}


def chain(first: str, second: str) -> list[dict[str, Any]]:
    """A report that refers to a segmentation that refers to the base of a slide in RLE; their SOPInstanceUIDs."""
    return [
        annotation(SEG, "SEG", f"{SERIES}.1", series=first),
        annotation(SR, "SR", f"{first}.1", series=second, of=SEG),
    ]


def test_what_refers_to_what_follows_follows_too() -> None:
    result = judged(*levels(**RLE), *chain("1.2.5", "1.2.6"))
    assert {(one.instance, one.refers_to) for one in result.plan.followers} == {
        ("1.2.5.1", ("1.2.1.1",)),
        ("1.2.6.1", ("1.2.5.1",)),
    }


def test_it_does_whatever_the_order_of_the_series() -> None:
    """The report comes first in the listing, before what it refers to is known to follow."""
    result = judged(*chain("1.2.9", "1.2.6")[::-1], *levels(**RLE))
    assert {one.instance for one in result.plan.followers} == {"1.2.9.1", "1.2.6.1"}


def test_objects_that_name_each_other_follow_and_end() -> None:
    one = annotation(SR, "SR", "1.2.6.1", f"{SERIES}.1", series="1.2.5")
    other = annotation(SR, "SR", "1.2.5.1", series="1.2.6", of=SR)
    found = names(judged(*levels(**RLE), one, other))
    assert set(found) == {"1.2.5.1", "1.2.6.1"}
    assert len(set(found.values())) == 2


def test_the_uid_of_what_follows_in_the_end_depends_on_the_image_that_changed() -> None:
    whole = names(judged(*levels(**RLE), *chain("1.2.5", "1.2.6")))
    again = names(judged(*levels(**RLE), *chain("1.2.5", "1.2.6")))
    sparse = having(levels(**RLE), 0, DimensionOrganizationType="TILED_SPARSE")
    other = names(judged(*sparse, *chain("1.2.5", "1.2.6")))
    assert whole == again
    assert whole["1.2.6.1"] != other["1.2.6.1"]


def test_nothing_follows_where_no_image_changes() -> None:
    assert judged(*levels(), *chain("1.2.5", "1.2.6"), frame=frames.jpeg()).plan.followers == ()


def test_a_report_on_an_annotation_that_lost_its_image_is_kept_with_a_finding() -> None:
    z_stack = having(levels(), 0, TotalPixelMatrixFocalPlanes=3, NumberOfFrames=48)
    drawn = annotation(ANN, "ANN", f"{SERIES}.1")
    result = judged(*z_stack, drawn, annotation(SR, "SR", "1.2.5.1", series="1.2.6", of=ANN), frame=frames.jpeg())
    assert result.plan.of("1.2.5").kind == "blocked"
    assert result.plan.of("1.2.6").kind == "none"
    assert result.plan.unmapped == ("1.2.6.1",)
    (finding,) = result.findings["1.2.6"]
    assert (finding.rule, finding.problem, finding.severity) == ("R17", "dangling", "WARN")


def test_an_object_with_private_elements_is_another_one_without_them_where_labels_are_withheld() -> None:
    private = {"00091001": {"vr": "LO", "Value": ["the label's text"]}}
    note = annotation(SR, "SR", f"{SERIES}.1", series="1.2.5") | private
    store: Store = put(*levels(), note, annotation(SR, "SR", f"{SERIES}.1", series="1.2.6"))
    seen = inspect(store, STUDY, store.instances(STUDY))
    withheld, shown = (judge(seen.study, seen.slides, options) for options in (Options("withhold"), Options()))
    assert [(one.instance, one.refers_to, one.without_private) for one in withheld.plan.followers] == [
        ("1.2.5.1", (), True)
    ]
    assert shown.plan.followers == ()
