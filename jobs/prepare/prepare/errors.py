"""What can go wrong, by what it means for the run. Messages are sentences of ours: never text that a server sent."""

from __future__ import annotations


class CannotRun(Exception):
    """Nothing can be prepared (settings, permission): the run ends with exit code 3."""


class SeriesFailed(Exception):
    """One series could not be prepared; the others go on. The run ends with exit code 2."""


class Gone(SeriesFailed):
    """The study or series is not in the store, or no longer."""


class Conflict(Exception):
    """An object changed since it was read (a precondition failed)."""


class Terminated(BaseException):
    """SIGTERM: the platform wants the task to end. Everything written so far is whole, so the next run resumes."""
