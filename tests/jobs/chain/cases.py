"""Cases by number: a sound slide, what is changed in it, and what happens between two runs of the job."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.jobs.chain.mutations import MUTATIONS, Words
from tests.jobs.chain.slides import ChainSlide, Scene, sound_slide

MOST_MUTATIONS = 3
LATER = ("nothing", "nothing", "nothing", "study deleted", "instance deleted", "other pixels", "other patient")


@dataclass
class ChainCase:
    """`later` is what happens once the job has run."""

    number: int
    slide: ChainSlide
    done: list[str] = field(default_factory=list[str])
    words: set[str] = field(default_factory=set[str])
    later: str = "nothing"
    again: ChainSlide | None = None
    """As it is sent the second time."""

    def __str__(self) -> str:
        slide = self.slide
        kind = f"{slide.coding} {slide.channels or 'colour'} {'sparse' if slide.sparse else 'full'} {slide.tile}"
        done = ", ".join(self.done) or "sound"
        return f"case {self.number}: {kind}, {len(slide.instances)} images; {done}; {self.later}"


def chain_case(number: int) -> ChainCase:
    """The same each time. One in ten is sound."""
    chance = random.Random(number)
    case = ChainCase(number, sound_slide(f"case-{number}", chance))
    wanted = 0 if number % 10 == 0 else chance.choice((1, 1, 1, 2, MOST_MUTATIONS))
    while len(case.done) < wanted:
        name = chance.choice((*MUTATIONS, "attribute", "attribute", "nested_attribute"))
        before = [one.copied() for one in case.slide.instances]
        words: Words = MUTATIONS[name](case.slide, chance)
        if _hides_the_truth(name, set(words), case):
            case.slide.instances = before
        elif words:
            case.done.append(f"{name} {words[0]}")
            case.words |= set(words)
    case.later = chance.choice(LATER)
    if case.later == "instance deleted":
        # What was beside it tells which picture is the right one; and without any image there is no study.
        case.later = "nothing" if "picture" in case.words else case.later
        case.later = "study deleted" if len(case.slide.instances) == 1 else case.later
        case.words |= {"level", "optical path"} if case.later == "instance deleted" else set()
    if case.later in ("other pixels", "other patient"):
        case.again = _again(number, case.later)
    return case


def _hides_the_truth(name: str, words: set[str], case: ChainCase) -> bool:
    """Whether nobody could tell any more which picture is the right one: two that may agree with each other are it,
    and so is one whose neighbour is gone, or does not show what it could be told by."""
    names = {name, *(done.split()[0] for done in case.done)}
    spoilt = {"level_dropped", "frame_dropped", "frame_spoilt", "frame_of_another_size"} & names
    unseen = "SOPClassUID" in words | case.words
    another = ("picture" in words) + ("picture" in case.words)
    return another > 1 or (another == 1 and bool(spoilt or unseen))


def _again(number: int, how: str) -> ChainSlide:
    """The sound slide under the same UIDs, with another scene or of another patient."""
    again = sound_slide(f"case-{number}", random.Random(number))
    if how == "other pixels":
        scene = Scene(again.scene.seed + 7, again.scene.columns, again.scene.rows)
        drawn = ChainSlide(again.name, scene, again.coding, again.channels, again.tile, again.sparse)
        levels = len(again.instances) // max(again.channels, 1)
        drawn.instances = [drawn.level(at, path) for path in range(max(again.channels, 1)) for at in range(levels)]
        return drawn
    for one in again.instances:
        one.attributes.PatientID, one.attributes.PatientName = "SYN-2", "Another^Synthetic"
    return again
