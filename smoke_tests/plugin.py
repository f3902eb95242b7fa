"""Runs the checks under pytest: gives them the run's context, turns each into a result, skips only with a reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any

import pytest

from smoke_tests.context import Context
from smoke_tests.http import RequestLedger, redact
from smoke_tests.results import Result, Status
from smoke_tests.target import CAPABILITIES

PREFLIGHT = "0"
LONGEST_REASON = 1500
Note = Callable[..., None]
"""`note(key=value, …)` adds evidence to the check's result; `note.warn("…")` makes it a warning."""


def number_of(item: pytest.Item) -> str:
    """`6` for a check in check_06_frames.py."""
    return str(int(item.path.name.split("_")[1]))


def name_of(item: pytest.Item) -> str:
    """`the page is served at any address (deep link)`."""
    function, _, case = item.name.removeprefix("check_").partition("[")
    return function.replace("_", " ") + (f" ({case[:-1]})" if case else "")


class Notes:
    """Evidence of the check that is running."""

    def __init__(self) -> None:
        self.evidence: dict[str, Any] = {}
        self.warnings: list[str] = []

    def __call__(self, **evidence: Any) -> None:
        self.evidence.update(evidence)

    def warn(self, reason: str) -> None:
        self.warnings.append(reason)


class Suite:
    """The pytest plugin of one run."""

    def __init__(self, context: Context, on_result: Callable[[Result], None]) -> None:
        self.context, self.on_result = context, on_result
        self.notes = Notes()
        self.began = 0.0
        self.broken: list[str] = []
        self.stopped = ""
        """Why nothing more was checked: a target that fails its preflight would only fail everything else, slowly."""

    @pytest.fixture
    def run(self) -> Context:
        return self.context

    @pytest.fixture
    def note(self) -> Notes:
        return self.notes

    @pytest.hookimpl
    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line("markers", "needs(*capabilities): capabilities that the target must declare")
        config.addinivalue_line("markers", "writes: stores, deletes or tries to; no part of a read-only run")

    @pytest.hookimpl
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.context.reads_only:
            items[:] = [item for item in items if not item.get_closest_marker("writes")]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.broken.append(redact(str(report.longrepr)))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self.notes = Notes()
        self.context.http.ledger = RequestLedger()
        self.began = time.monotonic()
        return (yield)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        for marker in item.iter_markers("needs"):
            for name in marker.args:
                if name not in CAPABILITIES:
                    raise LookupError(f"{item.name} needs {name!r}, which is no capability")
                if name in self.context.target.missing:
                    reason = self.context.target.missing[name]
                    pytest.skip(f"the target does not {CAPABILITIES[name]} ({name}): {reason}")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.when == "call" or (report.when == "setup" and not report.passed):
            result = self._result(item, call, report)
            self.on_result(result)
            if result.id == PREFLIGHT and result.status == "fail":
                self.stopped = f"{result.name}: {result.reason}"
                item.session.shouldstop = "preflight failed"
        return report

    def _result(self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> Result:
        status, reason = self._verdict(call, report)
        ledger = self.context.http.ledger
        return Result(
            id=number_of(item),
            name=name_of(item),
            status=status,
            ms=round((time.monotonic() - self.began) * 1000),
            requests=ledger.requests,
            bytes=ledger.bytes,
            retries=ledger.retries,
            reason=" ".join(redact(reason).split())[:LONGEST_REASON],
            evidence=self.notes.evidence,
        )

    def _verdict(self, call: pytest.CallInfo[None], report: pytest.TestReport) -> tuple[Status, str]:
        if report.skipped and call.excinfo is not None:
            reason = str(call.excinfo.value)
            return ("fail", f"skipped in production: {reason}") if self.context.target.strict else ("skip", reason)
        if report.failed and call.excinfo is not None:
            value = call.excinfo.value
            is_assertion = isinstance(value, AssertionError)
            return "fail", str(value) if is_assertion else f"{type(value).__name__}: {value}"
        if self.notes.warnings:
            return "warn", "; ".join(self.notes.warnings)
        return "pass", ""
