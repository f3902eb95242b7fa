"""Attributes that a plan changes on an instance whose pixels stay: profile, missing attributes, image type, label text.

Each edit is a function on a data set; the data sets of other instances that it takes from are given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy

from pydicom import Dataset

from ..model.actions import Action, Complete, FixImageType, ShareProfile, Strip
from ..model.image import PRIVATE
from ..pixels.attributes import code, item
from ..pixels.rewrite import set_profile

Headers = Callable[[str], Dataset]
"""SOPInstanceUID -> its attributes before the pixel data."""


def apply_edits(dataset: Dataset, actions: Sequence[Action], headers: Headers) -> Dataset:
    """`dataset` itself, after the attribute edits among `actions`; the others concern pixels."""
    for action in actions:
        if isinstance(action, ShareProfile):
            set_profile(dataset, headers(action.profile_of))
        elif isinstance(action, Complete):
            complete(dataset, action.attributes, headers(action.template) if action.template else None)
        elif isinstance(action, FixImageType):
            _set_type(dataset, list(action.image_type))
        elif isinstance(action, Strip):
            for keyword in action.attributes:
                if keyword == PRIVATE:
                    dataset.remove_private_tags()
                elif keyword in dataset:
                    del dataset[keyword]
    return dataset


def complete(dataset: Dataset, attributes: Sequence[str], template: Dataset | None) -> None:
    """Adds what is missing, from `template`, or brightfield defaults without one."""
    for keyword in attributes:
        if keyword == "PixelSpacing":
            if template is not None:
                _set_spacing(dataset, template)
        elif keyword == "NumberOfOpticalPaths":
            dataset.NumberOfOpticalPaths = len(dataset.OpticalPathSequence)
        elif keyword in PATH_DEFAULTS:
            _complete_paths(dataset, keyword, template)
        elif template is not None and keyword in template:
            dataset[keyword] = deepcopy(template[keyword])


def _complete_paths(dataset: Dataset, keyword: str, template: Dataset | None) -> None:
    model = template.get("OpticalPathSequence") if template is not None else None
    if not dataset.get("OpticalPathSequence"):
        dataset.OpticalPathSequence = deepcopy(list(model)) if model else [item(**_defaults(1))]
        return
    for number, path in enumerate(dataset.OpticalPathSequence, 1):
        source = model[min(number, len(model)) - 1] if model else item(**_defaults(number))
        for name in PATH_DEFAULTS if keyword == "OpticalPathSequence" else (keyword,):
            if not path.get(name) and name in source:
                path[name] = deepcopy(source[name])


PATH_DEFAULTS = ("OpticalPathSequence", "OpticalPathIdentifier", "IlluminationTypeCodeSequence")


def _defaults(number: int) -> Mapping[str, object]:
    return {
        "OpticalPathIdentifier": str(number),
        "IlluminationTypeCodeSequence": [code("111744", "Brightfield illumination")],
    }


def _set_spacing(dataset: Dataset, template: Dataset) -> None:
    """The template's, times the ratio of the widths."""
    measures = deepcopy(_measures(template))
    if measures is None or not dataset.get("TotalPixelMatrixColumns"):
        return
    ratio = int(template.TotalPixelMatrixColumns) / int(dataset.TotalPixelMatrixColumns)
    groups = dataset.get("SharedFunctionalGroupsSequence")
    shared = groups[0].get("PixelMeasuresSequence") if groups else None
    own = shared[0] if shared else None
    if own is None:
        own = deepcopy(measures)
        if not groups:
            dataset.SharedFunctionalGroupsSequence = [Dataset()]
            groups = dataset.SharedFunctionalGroupsSequence
        groups[0].PixelMeasuresSequence = [own]
    for frame in dataset.get("PerFrameFunctionalGroupsSequence") or ():  # a group is told once, not in both places
        if "PixelMeasuresSequence" in frame:
            del frame.PixelMeasuresSequence
    own.PixelSpacing = [f"{float(value) * ratio:.10g}" for value in measures.PixelSpacing]


def _measures(dataset: Dataset) -> Dataset | None:
    """The pixel measures of all frames together; else of the first, where the plan knows that all agree."""
    for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        groups = dataset.get(keyword)
        measures = groups[0].get("PixelMeasuresSequence") if groups else None
        if measures:
            return measures[0]
    return None


def _set_type(dataset: Dataset, kind: list[str]) -> None:
    dataset.ImageType = kind
    for group in dataset.get("SharedFunctionalGroupsSequence") or ():
        for frame_type in group.get("WholeSlideMicroscopyImageFrameTypeSequence") or ():
            frame_type.FrameType = kind
