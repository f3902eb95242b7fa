"""The contract of a stack's outputs: what the program exports is what `ops.client.outputs` reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from ops.client.outputs import (
    Groups,
    OAuthClient,
    Outputs,
    OutputsRefused,
    SharedOutputs,
    StackOutputs,
    ViewerOutputs,
    read_outputs,
    require,
)
from tests.infra import stacks

STACKS: dict[str, Callable[[], Any]] = {"local": stacks.local, "empty dev": stacks.empty_dev, "prod": stacks.prod}


def undeclared(outputs: Any, model: type[BaseModel], path: str = "") -> Iterator[str]:
    """Keys of the outputs that the model does not have, at every depth."""
    by_alias = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
    for key, value in outputs.items():
        if key not in by_alias:
            yield f"{path}{key}"
        elif isinstance(by_alias[key], type) and issubclass(by_alias[key], Outputs):  # pyright: ignore
            yield from undeclared(value, by_alias[key], f"{path}{key}.")  # pyright: ignore


@pytest.mark.parametrize("stack", STACKS)
def test_what_the_program_exports_is_what_the_contract_says(stack: str) -> None:
    outputs = STACKS[stack]().outputs

    read = require(outputs, StackOutputs)

    assert list(undeclared(outputs, StackOutputs)) == []
    # Read and written again nothing is lost, and nothing has another value.
    assert {key: value for key, value in read.as_json().items() if value is not None} == outputs
    assert require(outputs, ViewerOutputs).project == read.project


def test_a_key_that_is_renamed_in_the_program_is_seen() -> None:
    outputs = {**stacks.prod().outputs}
    outputs["bucketOfRecords"] = outputs.pop("recordsBucket")

    assert list(undeclared(outputs, StackOutputs)) == ["bucketOfRecords"]
    with pytest.raises(OutputsRefused, match=r"recordsBucket \(is missing\); deploy the stack again"):
        require(outputs, StackOutputs)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(
        OutputsRefused, match=r"project \(is missing\), endpoints \(.*dict.*\), stores\.raw\.dicomwebRoot"
    ):
        require({"endpoints": 5, "stores": {"raw": {}}}, SharedOutputs)
    assert (Groups().viewers, OAuthClient.model_fields["client_id"].default) == ([], None)


@pytest.mark.parametrize(
    ("content", "words"),
    [("[]", "must hold one JSON object"), ("x", "is not JSON"), (None, "does not exist; run make up")],
)
def test_a_file_that_holds_no_outputs_is_said(content: str | None, words: str, tmp_path: Path) -> None:
    file = tmp_path / "outputs.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(OutputsRefused, match=words):
        read_outputs(file)
