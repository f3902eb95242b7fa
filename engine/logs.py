"""Where the program's `pulumi.log` messages go: Python's logging, under the name `pulumi`."""

from __future__ import annotations

import logging
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2

LEVELS = {
    engine_pb2.DEBUG: logging.DEBUG,
    engine_pb2.INFO: logging.INFO,
    engine_pb2.WARNING: logging.WARNING,
    engine_pb2.ERROR: logging.ERROR,
}


class EngineLog:
    """The one service of the engine that a program uses besides the monitor."""

    def Log(self, request: Any) -> empty_pb2.Empty:  # noqa: N802
        logging.getLogger("pulumi").log(LEVELS.get(request.severity, logging.INFO), "%s", request.message)
        return empty_pb2.Empty()
