"""Orthanc as a second, independent store: started on a free port, with its root at a path like Google's."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import needs

ROOT = "/v1/projects/p/locations/l/datasets/d/dicomStores/s/dicomWeb"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The DICOMweb root of an empty Orthanc that lives as long as the block."""
    program, port = needs.orthanc(), free_port()
    config = folder / "orthanc.json"
    config.write_text(
        json.dumps(
            {
                "Name": "smoke",
                "StorageDirectory": str(folder / "storage"),
                "IndexDirectory": str(folder / "storage"),
                "Plugins": ["/usr/share/orthanc/plugins/libOrthancDicomWeb.so"],
                "HttpPort": port,
                "DicomServerEnabled": False,
                "RemoteAccessAllowed": False,
                "AuthenticationEnabled": False,
                "OverwriteInstances": False,
                "SaveJobs": False,
                "DicomWeb": {"Enable": True, "Root": f"{ROOT}/", "EnableWado": False},
            }
        )
    )
    with (folder / "orthanc.log").open("wb") as log:
        process = subprocess.Popen([program, str(config)], stdout=log, stderr=log)
    try:
        root = f"http://127.0.0.1:{port}{ROOT}"
        wait(process, f"{root}/studies", folder / "orthanc.log")
        yield root
    finally:
        # It takes 2.5 s to end by itself and keeps nothing worth ending well for.
        process.kill()
        process.wait()


def wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.02)
    raise RuntimeError(f"Orthanc did not start: {log.read_text()[-2000:]}")
