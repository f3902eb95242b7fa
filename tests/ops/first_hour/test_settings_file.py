"""One setting in a stack's file, and nothing else in it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ops.client.refusal import OpsRefused
from ops.first_hour.settings_file import write_setting

FILE = "# who may\nsecretsprovider: gcpkms://k\nconfig:\n  a:b: 1 # one\n  a:list:\n    - x\n"


@pytest.mark.parametrize(
    ("key", "value"),
    [("a:new", "word"), ("a:b", "2"), ("a:id", "0815"), ("a:on", "on"), ("a:odd", "it's: #1"), ("a:some", ["x@y.z"])],
)
def test_a_setting_is_written_as_it_is_and_all_else_stays(tmp_path: Path, key: str, value: str | list[str]) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(FILE)

    write_setting(file, key, value)

    text = file.read_text()
    assert yaml.safe_load(text)["config"] == {**yaml.safe_load(FILE)["config"], key: value}
    assert text.startswith("# who may\nsecretsprovider: gcpkms://k\nconfig:\n")


def test_a_file_without_settings_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text("description: none\n")

    with pytest.raises(OpsRefused, match="has no line config: to put a:b under"):
        write_setting(file, "a:b", "1")
