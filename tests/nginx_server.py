"""The real nginx on a port of its own, serving a folder with `nginx.conf` and `public/` as the viewer's container does.

Only what a container gives is changed in the file: where the files lie, where nginx may write, which port it has. The
socket is opened here and handed over, as nginx does to its own successor, so that no port is guessed.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests import needs
from viewer.nginx import PORT, ROOT


def nginx() -> Path:
    return needs.program("nginx", install="apt-get install nginx-light", paths=("/usr/sbin/nginx",))


def configured(folder: Path, port: int = PORT) -> Path:
    """The configuration of `folder`, pointed at `folder`."""
    text = (folder / "nginx.conf").read_text()
    for theirs, ours in (
        ("/tmp/", f"{folder}/"),
        (f"root {ROOT};", f"root {folder}/public;"),
        (f"listen {PORT};", f"listen 127.0.0.1:{port};"),
    ):
        assert theirs in text, f"nginx.conf has no {theirs}"
        text = text.replace(theirs, ours)
    path = folder / "served.conf"
    path.write_text(text)
    return path


@contextmanager
def serving(folder: Path) -> Generator[str]:
    """The URL while nginx serves `folder`; it accepts connections from the first moment, as its socket is open."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        port = opened.getsockname()[1]
        command = [str(nginx()), "-c", str(configured(folder, port)), "-e", "stderr"]
        server = subprocess.Popen(
            [*command, "-g", f"daemon off; {'user root;' if os.geteuid() == 0 else ''}"],
            env={**os.environ, "NGINX": f"{opened.fileno()};"},
            pass_fds=[opened.fileno()],
        )
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)
