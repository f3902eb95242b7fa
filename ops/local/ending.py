"""The end of a foreground run: Ctrl-C and SIGTERM end it whatever it does, and however often they come.

Python runs a signal's handler in the main thread, and only when that thread runs Python code. A main thread that waits
in the system (for a child, a socket, a lock) does not while the system hands the signal to another thread, and an
exception that a handler raises inside a finalizer is thrown away. So a thread of its own is told of each signal through
a pipe and pokes the main thread until the handler has run; what ends last is the process itself.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM)
POKE = signal.SIGURG
"""Does nothing but interrupt what the main thread waits for; its default is to be ignored."""
GRACE = 90.0
"""Seconds that the run has to tidy up once it was asked to end."""
PATIENCE = 3
"""Signals after which it ends at once."""

_asked = threading.Event()


def end_on_signals() -> None:
    """Let SIGTERM end a run as Ctrl-C does, and Ctrl-C end it even where a shell started it with SIGINT ignored.

    The first signal raises `KeyboardInterrupt` in the main thread; more of them do not disturb its tidying up.
    """
    _asked.clear()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    for number in ENDING:
        signal.signal(number, _interrupt)
    signal.signal(POKE, lambda number, frame: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reader, threading.main_thread()), name="signals", daemon=True).start()


def _interrupt(number: int, frame: FrameType | None) -> None:
    if not _asked.is_set():
        _asked.set()
        raise KeyboardInterrupt


def _watch(reader: int, main: threading.Thread) -> None:
    count = 0
    while number := os.read(reader, 1):
        if number[0] not in ENDING:
            continue
        count += 1
        if count == 1:
            threading.Thread(target=_insist, args=(main, number[0]), name="end", daemon=True).start()
        elif count == PATIENCE:
            os._exit(128 + number[0])


def _insist(main: threading.Thread, number: int) -> None:
    """Poke the main thread until it has heard; end the process if it does not end."""
    while not _asked.wait(0.1):
        if main.ident:
            signal.pthread_kill(main.ident, POKE)
    main.join(GRACE)
    if main.is_alive():
        print(f"the run did not end within {GRACE:g} seconds of signal {number}: it is cut off", file=sys.stderr)
    else:
        time.sleep(GRACE)  # the interpreter waits for its other threads; this one does not hold it up
    os._exit(128 + number)


def wait_for_the_end() -> None:
    """Block until Ctrl-C or SIGTERM, or return at once when one has come already."""
    try:
        _asked.wait()
    except KeyboardInterrupt:
        return
