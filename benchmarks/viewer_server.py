"""What `benchmarks/viewer.py` opens: a local cloud with a study of two slides, behind origins that can answer later.

Pages: `lite` as it is released, `engine` (the engine and nothing else), `one`, the lite page on the store's own origin,
and where somebody has them at hand `slim` and `seadragon`. Headers and store are the same for all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pydicom
import requests
from aiohttp import ClientSession, DummyCookieJar, web

from benchmarks.viewer_peers import ENGINE_HTML, ENGINE_JS, PUBLIC_LIB, SEADRAGON_HTML, SEADRAGON_JS
from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.server import running
from ops.viewer.hosting import HostingApi
from ops.viewer.release import release
from smoke_tests.slide import Instance, make
from viewer.application import SlimSource, assemble, assemble_unpinned
from viewer.build import CONFIG, FileSet
from viewer.config import window_config

PROJECT = "dicom-local"
LOCATION = f"projects/{PROJECT}/locations/europe-west4"
STORE = f"{LOCATION}/datasets/imaging/dicomStores/raw"
API = "healthcare.googleapis.com"
HOP = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}


@dataclass
class Origin:
    """An origin that waits `latency` seconds, then answers as the first upstream whose path prefix fits."""

    upstreams: dict[str, str]
    latency: float = 0
    seen: Counter[str] = field(default_factory=Counter[str])
    """Requests by method, and bytes of answers under "bytes"."""
    url: str = ""

    async def start(self, session: ClientSession) -> None:
        async def answer(request: web.Request) -> web.Response:
            self.seen[request.method] += 1
            await asyncio.sleep(self.latency)
            upstream = next(base for prefix, base in self.upstreams.items() if request.path.startswith(prefix))
            headers = {name: value for name, value in request.headers.items() if name.lower() not in {*HOP, "host"}}
            async with session.request(request.method, upstream + request.raw_path, headers=headers) as reply:
                kept = [(name, value) for name, value in reply.headers.items() if name.lower() not in HOP]
                body = await reply.read()
                self.seen["bytes"] += len(body)
                return web.Response(status=reply.status, headers=kept, body=body)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        await self._runner.cleanup()


@dataclass
class Served:
    cloud: Cloud
    study: str
    series: tuple[str, str]
    """Of its two slides."""
    origins: dict[str, Origin]

    @property
    def token(self) -> str:
        return self.cloud.iam.token(self.cloud.iam.owner)

    def answer_from(self, page: str, latency: float) -> str:
        """Address of the slide on `page`; its store's URLs are then those that the page asks."""
        self.cloud.base = self.origins["one" if page == "one" else "store"].url
        for origin in self.origins.values():
            origin.latency = latency
            origin.seen.clear()
        return f"{self.origins[page].url}/studies/{self.study}/series/{self.series[0]}"

    def count_requests(self, method: str) -> int:
        return sum(origin.seen[method] for origin in self.origins.values())


@dataclass(frozen=True, kw_only=True)
class Peers:
    """What somebody got by hand: SLIM's archive, and OpenSeadragon's script."""

    slim: Path | None = None
    seadragon: Path | None = None


@contextlib.contextmanager
def serve(folder: Path, size: int, peers: Peers) -> Iterator[Served]:
    """Two slides of `size` pixels in a store, and the pages."""
    cloud = Cloud(data=folder, project=PROJECT, awkward=WITHOUT_WAITING)
    pages = ["lite", "engine", "one", *(["slim"] if peers.slim else []), *(["seadragon"] if peers.seadragon else [])]
    with running(cloud), _loop() as loop:
        sites = {page: _post(cloud, "firebasehosting.googleapis.com", page) for page in pages}
        base = cloud.base
        origins = {page: Origin({"/": site}) for page, site in sites.items()}
        origins["store"] = Origin({"/": base})
        origins["one"].upstreams = {f"/{API}": base, "/accounts.google.com": base, "/": sites["one"]}
        with _start(origins, loop):
            slides = _store_slides(cloud, size)
            for page in pages:
                _release(cloud, base, page, origins["one" if page == "one" else "store"].url, peers)
            yield Served(cloud, slides[0].study, (slides[0].series, slides[1].series), origins)


def _post(cloud: Cloud, host: str, site: str) -> str:
    made = _send(cloud, f"{host}/v1beta1/projects/{PROJECT}/sites?siteId={site}")
    return made.json()["defaultUrl"]


def _send(cloud: Cloud, path: str, body: bytes = b"{}", kind: str = "application/json") -> requests.Response:
    headers = {"Authorization": f"Bearer {cloud.iam.token(cloud.iam.owner)}", "Content-Type": kind}
    answer = requests.post(f"{cloud.base}/{path}", data=body, headers=headers, timeout=60)
    answer.raise_for_status()
    return answer


def _store_slides(cloud: Cloud, size: int) -> list[Instance]:
    """The base levels of the study's two slides."""
    _send(cloud, f"{API}/v1/{LOCATION}/datasets?datasetId=imaging")
    _send(cloud, f"{API}/v1/{STORE.rsplit('/', 1)[0]}?dicomStoreId=raw")
    first, second = (make(name, painter="tissue", size=size) for name in ("benchmark", "benchmark-two"))
    for level in [*first, *second]:
        item = pydicom.dcmread(io.BytesIO(level.data))
        item.StudyInstanceUID, item.PatientID = first[0].study, "BENCHMARK"
        out = io.BytesIO()
        item.save_as(out, enforce_file_format=True)
        _send(cloud, f"{API}/v1/{STORE}/dicomWeb/studies", out.getvalue(), "application/dicom")
    return [first[0], second[0]]


def _release(cloud: Cloud, base: str, page: str, store_origin: str, peers: Peers) -> None:
    config = window_config(
        dicomweb_root=f"{store_origin}/{API}/v1/{STORE}/dicomWeb",
        client_id="1-a.apps.googleusercontent.com",
        authority=f"{store_origin}/accounts.google.com",
    )
    if page == "slim" and peers.slim:
        files, firebase = assemble_unpinned(config, peers.slim)
    else:
        files, firebase = assemble("lite", config, SlimSource())
    if page == "engine":
        engine = next(path.rsplit("/", 1)[0] for path in files.files if path.endswith("/viewer.js"))
        html, script = (text.format(engine=engine) for text in (ENGINE_HTML, ENGINE_JS))
        mine = {CONFIG: files.files[CONFIG] + PUBLIC_LIB.format(engine=engine).encode()}
        files = _peer(files, html, script, mine)
    elif page == "seadragon" and peers.seadragon:
        mine = {"/assets/peer/openseadragon.js": peers.seadragon.read_bytes()}
        files = _peer(files, SEADRAGON_HTML, SEADRAGON_JS, mine)
    site = f"projects/{PROJECT}/sites/{page}"
    api = HostingApi(f"{base}/firebasehosting.googleapis.com/", site, lambda: cloud.iam.token(cloud.iam.owner))
    release(api, files, firebase)


def _peer(files: FileSet, html: str, script: str, more: dict[str, bytes]) -> FileSet:
    """The lite page's files with another page in front."""
    own = {"/index.html": html.encode(), "/assets/peer/main.js": script.encode(), **more}
    return FileSet({**files.files, **own}, ref="peer")


@contextlib.contextmanager
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextlib.contextmanager
def _start(origins: dict[str, Origin], loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    async def start() -> ClientSession:
        session = ClientSession(auto_decompress=False, cookie_jar=DummyCookieJar())
        for origin in origins.values():
            await origin.start(session)
        return session

    async def stop(session: ClientSession) -> None:
        for origin in origins.values():
            await origin.close()
        await session.close()

    session = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(stop(session), loop).result()
