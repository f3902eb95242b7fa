"""The pinned engine in Chromium, given one frame at a time: what it decodes, without a store and without a slide.

The files are those that a release serves (`viewer.build`), the worker's prelude among them.
"""

from __future__ import annotations

import base64
import contextlib
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page
from pydicom import Dataset

from tests.decoding.fixtures import Fixture
from tests.e2e.tiles import SIDE
from tests.e2e.tiles_slide import code, item
from viewer.build import build, content_type
from viewer.config import window_config

PATIENCE = 10
"""Seconds for one frame; a healthy one takes half a second."""
STORE = "http://127.0.0.1/v1/projects/p/locations/l/datasets/d/dicomStores/s/dicomWeb"
CONFIG = window_config(dicomweb_root=STORE, client_id="none.apps.googleusercontent.com", authority="http://127.0.0.1")


@dataclass(frozen=True)
class Seen:
    """`pixels`: bytes as decoded, None where the engine says that it failed, with its words."""

    pixels: bytes | None
    error: str = ""


class Engine:
    def __init__(self, page: Page) -> None:
        self._page = page

    def decode(self, fixture: Fixture) -> Seen:
        frame = base64.b64encode(fixture.frame).decode()
        answer: dict[str, Any] = self._page.evaluate(
            """([metadata, frame, patience]) => Promise.race([decode(metadata, frame), new Promise((resolve) => {
                setTimeout(() => resolve({ error: 'the engine never answers' }), patience);
            })])""",
            [metadata(fixture), frame, PATIENCE * 1000],
        )
        pixels = base64.b64decode(answer["pixels"]) if "pixels" in answer else None
        return Seen(pixels, answer.get("error", ""))

    def asks_for(self, slide: Mapping[str, Any], frame: bytes) -> list[int] | str:
        """Numbers of the frames of a slide (DICOM JSON) that it asks for to show all of it, or why it refuses."""
        answer: dict[str, Any] = self._page.evaluate(
            "([metadata, frame]) => ask(metadata, frame)", [dict(slide), base64.b64encode(frame).decode()]
        )
        return answer.get("error") or answer["asked"]


def metadata(fixture: Fixture, **changes: Any) -> dict[str, Any]:
    """DICOM JSON of a slide of one tile."""
    path = item(
        OpticalPathIdentifier="1",
        IlluminationTypeCodeSequence=[code("111744", "DCM", "Brightfield illumination")],
    )
    slide = item(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.77.1.6", StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.4",
        SOPInstanceUID="1.2.3.4.5", FrameOfReferenceUID="1.2.3.6", ContainerIdentifier="ONE", Modality="SM",
        ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], DimensionOrganizationType="TILED_FULL",
        OpticalPathSequence=[path], NumberOfOpticalPaths=1, TotalPixelMatrixFocalPlanes=1, NumberOfFrames=1,
        TotalPixelMatrixOriginSequence=[item(XOffsetInSlideCoordinateSystem=0.0, YOffsetInSlideCoordinateSystem=0.0)],
        ImageOrientationSlide=[0.0, -1.0, 0.0, -1.0, 0.0, 0.0], PixelRepresentation=0, Rows=SIDE, Columns=SIDE,
        TotalPixelMatrixColumns=SIDE, TotalPixelMatrixRows=SIDE,
        SharedFunctionalGroupsSequence=[item(PixelMeasuresSequence=[item(PixelSpacing=[0.0005, 0.0005])])],
        **fixture.attributes,
    )  # fmt: skip
    assert isinstance(slide, Dataset)
    for keyword, value in changes.items():
        setattr(slide, keyword, value)
    return slide.to_json_dict()


@contextlib.contextmanager
def engine(chromium: Browser, packages: Path) -> Iterator[Engine]:
    files = dict(build(CONFIG, packages).files)
    folder = re.search(r'name="engine" content="([^"]+)/"', files["/index.html"].decode())
    assert folder is not None
    html = Path(__file__).with_name("page.html").read_text().replace("{engine}", folder[1])
    files["/decoding.html"] = html.encode()
    with _served(files) as url, contextlib.closing(chromium.new_page()) as page:
        page.goto(f"{url}/decoding.html")
        yield Engine(page)


@contextlib.contextmanager
def _served(files: dict[str, bytes]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path)
            self.send_response(200 if content is not None else 404)
            if content is not None:
                self.send_header("Content-Type", content_type(self.path))
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Cache-Control", "max-age=3600")
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *args: Any) -> None:
            """Requests are nobody's business here."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
