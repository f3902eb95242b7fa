"""Objects that refer to images (SR, SEG, ANN, PM, PR), following images that get a successor: rule R17.

A copy under a UID of its own, in which every reference to a changed instance names its successor. Nothing of what the
object says is looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.multival import MultiValue

from ..dicomweb.stow import FileSource
from ..errors import SeriesFailed
from ..execution.rewritten_header import RewrittenFile
from ..pixels.attributes import Tool, add_equipment
from ..pixels.instances import new_uid


@dataclass(frozen=True)
class Successor:
    """What viewers see in an instance's place. `frames`: old frame number (from 1) to new; None where they are kept."""

    uid: str
    frames: Mapping[int, int] | None = None


def following(
    instance: str,
    source: FileSource,
    successors: Mapping[str, Successor],
    uid: str,
    version: str,
    without_private: bool = False,
) -> RewrittenFile:
    """The copy of one object, of which `source` is the file, under `uid`."""

    def edit(dataset: Dataset) -> None:
        map_references(dataset, successors, instance)
        if without_private:
            dataset.remove_private_tags()
        add_equipment(dataset, Tool(version), "References follow to the instances that the viewer shows")

    return RewrittenFile(instance, source, uid, edit)


def uid_of(instance: str, images: Mapping[str, str], version: str) -> str:
    """The UID of its copy: made by the images it refers to, in the end, with their successors."""
    return new_uid(
        version, instance, "references", 0, hashlib.sha256(repr(sorted(images.items())).encode()).hexdigest()
    )


def map_references(dataset: Dataset, successors: Mapping[str, Successor], instance: str) -> None:
    """Changes every ReferencedSOPInstanceUID, at any depth. Raises SeriesFailed for a frame without a successor."""
    stack = [dataset]
    while stack:
        one = stack.pop()
        successor = successors.get(str(one.get("ReferencedSOPInstanceUID", "")))
        if successor is not None:
            one.ReferencedSOPInstanceUID = successor.uid
            if successor.frames is not None and one.get("ReferencedFrameNumber"):
                one.ReferencedFrameNumber = _frames(one, successor.frames, instance)
        for element in one:
            if element.VR == "SQ":
                stack += element.value


def _frames(one: Dataset, frames: Mapping[int, int], instance: str) -> list[int]:
    value = one["ReferencedFrameNumber"].value
    old = [int(number) for number in (value if isinstance(value, MultiValue) else [value])]
    if missing := [number for number in old if number not in frames]:
        raise SeriesFailed(
            f"instance {instance} refers to frame {missing[0]} of an image that does not have it (R17): correct the "
            "reference at its source"
        )
    return [frames[number] for number in old]
