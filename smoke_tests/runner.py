"""One run from beginning to end: prepare, check, clean up whatever happens, judge."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import pytest

from smoke_tests.context import Context, Profile
from smoke_tests.credentials import NoToken, TokenSource
from smoke_tests.golden import NoGolden
from smoke_tests.http import Unreachable, redact
from smoke_tests.plugin import Suite
from smoke_tests.results import INTERRUPTED, Result, SuiteOutcome
from smoke_tests.slide.identity import new_run_id
from smoke_tests.target import SmokeTarget

CHECKS = Path(__file__).with_name("checks")
EXPECTED: dict[str, tuple[int, ...]] = {
    "full": tuple(range(15)),
    "readonly": (0, 1, 3, 4, 6, 7, 9, 10),
    "quick": (0, 1, 2, 3, 4, 5, 6, 9, 14),
}
"""Numbers of the checks that a profile consists of; one that was not collected is a run that could not be made."""
NOT_IN_PROD = {11: "in production nobody may give the job arguments, so it cannot be sent to the smoke store"}
PROXIED = "the viewer is behind Identity-Aware Proxy, which lets only people of its groups in: open it and look"
BEHIND_PROXY = {9: PROXIED, 10: PROXIED}
LAST_WORDS_SECONDS = 20.0
"""For cleaning up after a signal."""


def run(
    target: SmokeTarget,
    source: TokenSource,
    *,
    profile: Profile = "full",
    now: datetime | None = None,
    on_result: Callable[[Result], None] = lambda result: None,
) -> SuiteOutcome:
    """Run a profile's checks; never raises for what the target does. Uses pytest in this process."""
    began = now or datetime.now(UTC)
    clock = time.monotonic()
    context = Context(target, new_run_id(began), profile, source)
    outcome = SuiteOutcome(context.run_id, profile, context.target.dicomweb_root, target.environment, began)
    outcome.left_out = {
        str(number): why for number, why in checks_left_out(target).items() if number in EXPECTED[profile]
    }
    with interruptible():
        try:
            context.prepare()
            _check(context, outcome, on_result)
        except (NoToken, NoGolden, Unreachable) as problem:
            outcome.problem = redact(str(problem))
        except KeyboardInterrupt:
            outcome.problem = INTERRUPTED
        finally:
            with deaf():
                if outcome.problem == INTERRUPTED:
                    context.tracker.seconds = LAST_WORDS_SECONDS
                outcome.leaks = [redact(leak) for leak in context.tracker.clean_up()]
                context.http.close()
    outcome.ms = round((time.monotonic() - clock) * 1000)
    return outcome


def checks_left_out(target: SmokeTarget) -> dict[int, str]:
    """Checks that cannot be made of this target, by number, and why."""
    return {**(NOT_IN_PROD if target.strict else {}), **(BEHIND_PROXY if target.proxied else {})}


def _check(context: Context, outcome: SuiteOutcome, on_result: Callable[[Result], None]) -> None:
    def take(result: Result) -> None:
        outcome.results.append(result)
        on_result(result)

    suite = Suite(context, take)
    expected = [number for number in EXPECTED[context.profile] if str(number) not in outcome.left_out]
    files = [str(path) for path in sorted(CHECKS.glob("check_*.py")) if int(path.name.split("_")[1]) in expected]
    options = ["-c", str(CHECKS / "pytest.ini"), "--rootdir", str(CHECKS), "--disable-plugin-autoload"]
    quiet = ["-p", "no:terminal", "-p", "no:cacheprovider", "--capture=no", "--assert=plain"]
    status = pytest.main([*options, *quiet, *files], plugins=[suite])
    if suite.broken:
        outcome.problem = f"a check could not be loaded: {suite.broken[0]}"
    elif suite.stopped:
        outcome.problem = f"the preflight failed, so nothing else was tried ({suite.stopped})"
    elif status == pytest.ExitCode.INTERRUPTED:
        outcome.problem = INTERRUPTED
    elif missing := sorted(set(expected) - {int(result.id) for result in outcome.results}):
        outcome.problem = f"nothing was checked for {', '.join(map(str, missing))} of profile {context.profile}"


@contextmanager
def interruptible() -> Generator[None]:
    """SIGTERM ends the checks as Ctrl-C does, so that what they stored is removed."""

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with handling(signal.SIGTERM, end):
        yield


@contextmanager
def deaf() -> Generator[None]:
    """Signals are ignored while cleaning up, which has its own deadline."""
    with handling(signal.SIGTERM, signal.SIG_IGN), handling(signal.SIGINT, signal.SIG_IGN):
        yield


@contextmanager
def handling(
    number: signal.Signals, handler: Callable[[int, FrameType | None], None] | signal.Handlers
) -> Generator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread hears signals
        return
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)
