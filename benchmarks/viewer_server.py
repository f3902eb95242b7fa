"""What `benchmarks/viewer.py` opens: a local cloud with one slide, reached through origins that can answer later.

Pages: `lite` as it is released, `engine` (the engine and nothing else), and `one`, the lite page on the store's own
origin. Files, headers and store are the same for all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import requests
from aiohttp import ClientSession, DummyCookieJar, web

from localcloud.awkward import WITHOUT_WAITING
from localcloud.cloud import Cloud
from localcloud.server import running
from ops.viewer.hosting import HostingApi
from ops.viewer.release import release
from smoke_tests.slide import make
from viewer.application import SlimSource, assemble
from viewer.build import CONFIG, FileSet
from viewer.config import window_config

PROJECT = "dicom-local"
LOCATION = f"projects/{PROJECT}/locations/europe-west4"
STORE = f"{LOCATION}/datasets/imaging/dicomStores/raw"
API = "healthcare.googleapis.com"
HOP = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}

ENGINE_HTML = """<!doctype html><meta charset="utf-8"><title>Engine</title>
<link rel="modulepreload" href="{engine}/dicomweb-client.js">
<script src="/config/local.js"></script><script src="{engine}/viewer.js"></script>
<style>html, body, #box {{ margin: 0; height: 100% }}</style><div id="box"></div>
<script type="module" src="/assets/peer/main.js"></script>
"""
ENGINE_JS = """import {{ api }} from '{engine}/dicomweb-client.js';
const {{ metadata, viewer }} = dicomMicroscopyViewer;
const studyInstanceUID = location.pathname.split('/')[2];
const Authorization = `Bearer ${{JSON.parse(sessionStorage.session).token}}`;
const client = new api.DICOMwebClient({{ url: config.servers[0].url, headers: {{ Authorization }} }});
const [series] = await client.searchForSeries({{ studyInstanceUID, queryParams: {{ Modality: 'SM' }} }});
const seriesInstanceUID = series['0020000E'].Value[0];
const found = await client.retrieveSeriesMetadata({{ studyInstanceUID, seriesInstanceUID }});
const images = found.map((one) => new metadata.VLWholeSlideMicroscopyImage({{ metadata: one }}));
new viewer.VolumeImageViewer({{ client, metadata: images, controls: ['overview'] }})
  .render({{ container: document.getElementById('box') }});
"""
PUBLIC_LIB = "window.PUBLIC_LIB_URL = new URL('{engine}/', location.href).href;\n"


@dataclass
class Origin:
    """An origin that waits `latency` seconds, then answers as the first upstream whose path prefix fits."""

    upstreams: dict[str, str]
    latency: float = 0
    seen: Counter[str] = field(default_factory=Counter[str])
    url: str = ""

    async def start(self, session: ClientSession) -> None:
        async def answer(request: web.Request) -> web.Response:
            self.seen[request.method] += 1
            await asyncio.sleep(self.latency)
            upstream = next(base for prefix, base in self.upstreams.items() if request.path.startswith(prefix))
            headers = {name: value for name, value in request.headers.items() if name.lower() not in {*HOP, "host"}}
            async with session.request(request.method, upstream + request.raw_path, headers=headers) as reply:
                kept = [(name, value) for name, value in reply.headers.items() if name.lower() not in HOP]
                return web.Response(status=reply.status, headers=kept, body=await reply.read())

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
        return f"{self.origins[page].url}/studies/{self.study}"

    def seen(self, method: str) -> int:
        return sum(origin.seen[method] for origin in self.origins.values())


@contextlib.contextmanager
def served(folder: Path, size: int) -> Iterator[Served]:
    """A slide of `size` pixels in a store, and the three pages."""
    cloud = Cloud(data=folder, project=PROJECT, awkward=WITHOUT_WAITING)
    with running(cloud), _loop() as loop:
        sites = {page: _post(cloud, "firebasehosting.googleapis.com", page) for page in ("lite", "engine", "one")}
        base = cloud.base
        origins = {
            "store": Origin({"/": base}),
            "lite": Origin({"/": sites["lite"]}),
            "engine": Origin({"/": sites["engine"]}),
            "one": Origin({f"/{API}": base, "/accounts.google.com": base, "/": sites["one"]}),
        }
        with _started(origins, loop):
            study = _store_slide(cloud, size)
            for page in sites:
                _release(cloud, base, page, origins["one" if page == "one" else "store"].url)
            yield Served(cloud, study, origins)


def _post(cloud: Cloud, host: str, site: str) -> str:
    made = _send(cloud, f"{host}/v1beta1/projects/{PROJECT}/sites?siteId={site}")
    return made.json()["defaultUrl"]


def _send(cloud: Cloud, path: str, body: bytes = b"{}", kind: str = "application/json") -> requests.Response:
    headers = {"Authorization": f"Bearer {cloud.iam.token(cloud.iam.owner)}", "Content-Type": kind}
    answer = requests.post(f"{cloud.base}/{path}", data=body, headers=headers, timeout=60)
    answer.raise_for_status()
    return answer


def _store_slide(cloud: Cloud, size: int) -> str:
    _send(cloud, f"{API}/v1/{LOCATION}/datasets?datasetId=imaging")
    _send(cloud, f"{API}/v1/{STORE.rsplit('/', 1)[0]}?dicomStoreId=raw")
    slide = make("benchmark", painter="tissue", size=size)
    for level in slide:
        _send(cloud, f"{API}/v1/{STORE}/dicomWeb/studies", level.data, "application/dicom")
    return slide[0].study


def _release(cloud: Cloud, base: str, page: str, store_origin: str) -> None:
    config = window_config(
        dicomweb_root=f"{store_origin}/{API}/v1/{STORE}/dicomWeb",
        client_id="1-a.apps.googleusercontent.com",
        authority=f"{store_origin}/accounts.google.com",
    )
    files, firebase = assemble("lite", config, SlimSource())
    if page == "engine":
        files = _engine_alone(files)
    api = HostingApi(
        f"{base}/firebasehosting.googleapis.com/",
        f"projects/{PROJECT}/sites/{page}",
        lambda: cloud.iam.token(cloud.iam.owner),
    )
    release(api, files, firebase)


def _engine_alone(files: FileSet) -> FileSet:
    engine = next(path.rsplit("/", 1)[0] for path in files.files if path.endswith("/viewer.js"))
    mine = {
        "/index.html": ENGINE_HTML.format(engine=engine).encode(),
        "/assets/peer/main.js": ENGINE_JS.format(engine=engine).encode(),
        CONFIG: files.files[CONFIG] + PUBLIC_LIB.format(engine=engine).encode(),
    }
    return FileSet({**files.files, **mine}, ref="engine")


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
def _started(origins: dict[str, Origin], loop: asyncio.AbstractEventLoop) -> Iterator[None]:
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
