"""The store of resources: children, cascades, snapshots."""

from __future__ import annotations

from pathlib import Path

from localcloud.control.resources import Resources

HOST = "h.googleapis.com"


def filled() -> Resources:
    resources = Resources()
    for name in ("p/d", "p/d/s/1", "p/d/s/2", "p/d/s/2/x/1", "p/d2", "p/d2/s/3"):
        resources.put(HOST, name, {"name": name})
    resources.put("other.googleapis.com", "p/d", {"name": "other"})
    return resources


def names(found: list[dict[str, object]]) -> list[object]:
    return [resource["name"] for resource in found]


def test_children_are_one_level_down() -> None:
    assert names(filled().children(HOST, "p/d", "s")) == ["p/d/s/1", "p/d/s/2"]


def test_a_dash_stands_for_any_parent() -> None:
    assert names(filled().children(HOST, "p/-", "s")) == ["p/d/s/1", "p/d/s/2", "p/d2/s/3"]


def test_deletion_takes_everything_below_and_nothing_beside() -> None:
    resources = filled()

    assert resources.delete(HOST, "p/d") is True

    assert sorted(resources.all(HOST)) == ["p/d2", "p/d2/s/3"]
    assert resources.get("other.googleapis.com", "p/d") == {"name": "other"}
    assert resources.delete(HOST, "p/d") is False


def test_a_snapshot_brings_everything_back(tmp_path: Path) -> None:
    filled().save(tmp_path / "state.json")
    resources = Resources()
    resources.put(HOST, "gone", {})

    resources.load(tmp_path / "state.json")

    assert resources.all(HOST) == filled().all(HOST)
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_without_a_snapshot_nothing_changes(tmp_path: Path) -> None:
    resources = filled()

    resources.load(tmp_path / "none.json")

    assert resources.all(HOST) == filled().all(HOST)


def test_a_flush_writes_only_what_is_kept_and_changed(tmp_path: Path) -> None:
    resources, kept = filled(), tmp_path / "state.json"
    resources.flush()
    assert not kept.exists()

    resources.keep(kept)
    resources.flush()
    first = kept.stat().st_mtime_ns, kept.stat().st_ino
    resources.flush()
    assert (kept.stat().st_mtime_ns, kept.stat().st_ino) == first

    resources.put(HOST, "late", {"name": "late"})
    resources.flush()
    assert "late" in kept.read_text()
