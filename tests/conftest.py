"""Fixtures that every test may use: deploying a program, or the whole stack, in this process."""

from __future__ import annotations

import pytest

from tests import harness


@pytest.fixture
def deploy() -> harness.Deploy:
    """`deploy(program, config=None, preview=False, previous=None) -> Graph`"""
    return harness.deploy


@pytest.fixture
def stack() -> harness.WholeStack:
    """`stack(name="local", **overrides) -> Graph`, computed once per configuration."""
    return harness.stack
