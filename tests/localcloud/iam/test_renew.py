"""The table of predefined roles, held against lists as Google publishes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from localcloud.iam import roles
from localcloud.iam.renew import main

PUBLISHED = [
    {"name": "roles/pubsub.publisher", "includedPermissions": ["pubsub.topics.publish"]},
    {
        "name": "roles/pubsub.subscriber",
        "includedPermissions": ["pubsub.snapshots.seek", "pubsub.subscriptions.consume", "pubsub.topics.flatter"],
    },
    {
        "name": "roles/iam.workloadIdentityPoolAdmin",
        "includedPermissions": ["iam.googleapis.com/workloadIdentityPools.get"],
    },
    {"name": "roles/owner", "includedPermissions": []},
    {"name": "roles/nobody.knows", "includedPermissions": ["a.b.c"]},
]


@pytest.fixture
def listed(tmp_path: Path) -> str:
    path = tmp_path / "roles.json"
    path.write_text(json.dumps(PUBLISHED))
    return str(path)


def test_what_is_given_too_much_and_too_little_is_printed(listed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([listed]) == 1

    printed = capsys.readouterr().out
    assert "roles/pubsub.subscriber\n  - pubsub.topics.attachSubscription\n  + pubsub.topics.flatter\n" in printed
    assert "roles/pubsub.publisher" not in printed
    assert "roles/owner" not in printed
    assert "workloadIdentityPools.get\n" not in printed


def test_write_takes_out_what_google_does_not_give(
    listed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "table.json"
    monkeypatch.setattr(roles, "FILE", copy)

    main([listed, "--write", "--date", "2026-11-30"])

    written = json.loads(copy.read_text())
    assert written["roles/pubsub.subscriber"] == ["pubsub.snapshots.seek", "pubsub.subscriptions.consume"]
    assert written[roles.DATE] == ["2026-11-30"]
    assert written["roles/storage.objectViewer"] == roles.table()["roles/storage.objectViewer"]
