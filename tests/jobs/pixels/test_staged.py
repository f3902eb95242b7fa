from __future__ import annotations

from prepare.pixels.staged import OBJECT_BYTES, StagedFrames

from tests.jobs.memory_stage import MemoryStage


def test_small_levels_never_leave_memory() -> None:
    stage = MemoryStage()
    staged = StagedFrames(stage, "2.25.1")
    staged.add([b"one", b"two"])
    assert list(staged.frames()) == [b"one", b"two"]
    assert not stage.kept


def test_large_levels_keep_little_in_memory_and_come_back_in_order() -> None:
    stage = MemoryStage()
    staged = StagedFrames(stage, "2.25.1")
    frames = [bytes([number]) * (OBJECT_BYTES // 3 + number) for number in range(10)]
    for at in range(0, 10, 2):
        staged.add(frames[at : at + 2])
    assert list(staged.frames()) == frames
    assert list(staged.frames()) == frames
    assert staged.lengths == [len(frame) for frame in frames]
    assert sorted(stage.kept) == ["2.25.1/000000", "2.25.1/000001"]
    stage.clear("2.25.1/")
    assert not stage.kept


def test_the_same_frames_are_staged_under_the_same_names_with_the_same_bytes() -> None:
    def once() -> dict[str, bytes]:
        stage = MemoryStage()
        StagedFrames(stage, "2.25.1").add([bytes(OBJECT_BYTES), b"x"])
        return stage.kept

    assert once() == once() != {}
