"""The process that benchmarks/store.py measures: a DICOM store, and its peers on the same stack (aiohttp).

Peers: `POST /sink` writes a body to disk and flushes it once; `GET /static` sends a file; `GET /fixed` sends 20 kB.
`GET /peak` tells the peak resident memory in bytes, `GET /cpu` the seconds of CPU spent so far. Prints its port and
token, then serves until its input is closed.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from localcloud.awkward import WITHOUT_WAITING
from localcloud.background import BackgroundTasks
from localcloud.cloud import Cloud
from localcloud.control.plane import ControlPlane
from localcloud.dicom import DicomStores
from localcloud.logs import Logs
from localcloud.objects import Objects
from localcloud.pubsub import PubSub

HOST = "healthcare.googleapis.com"
STORE = "projects/dicom-local/locations/europe-west4/datasets/imaging/dicomStores/{}"
FIXED = os.urandom(20_000)


async def sink(request: web.Request) -> web.Response:
    with (request.app["folder"] / "sink.bin").open("wb") as out:
        async for chunk in request.content.iter_any():
            out.write(chunk)
        out.flush()
        await asyncio.to_thread(os.fsync, out.fileno())
    return web.Response(status=200)


async def static(request: web.Request) -> web.FileResponse:
    return web.FileResponse(request.app["folder"] / "sink.bin")


async def fixed(request: web.Request) -> web.Response:
    return web.Response(body=FIXED, content_type="application/octet-stream")


async def peak(request: web.Request) -> web.Response:
    unit = 1 if sys.platform == "darwin" else 1024
    return web.json_response(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


async def cpu(request: web.Request) -> web.Response:
    return web.json_response(time.process_time())


def audited(cloud: Cloud) -> Callable[[web.Request], Awaitable[web.Response]]:
    """`POST /audit?on=1` switches Data Access logging on, as the stack's audit configuration does; `on=0` off."""
    types = [{"logType": log_type} for log_type in ("DATA_READ", "DATA_WRITE")]

    async def switch(request: web.Request) -> web.Response:
        configs = [{"service": HOST, "auditLogConfigs": types}] if request.query["on"] == "1" else []
        cloud.iam.set_policy(cloud.iam.project, {"auditConfigs": configs})
        return web.Response()

    return switch


async def serve(folder: Path) -> None:
    cloud = Cloud(data=folder / "cloud", awkward=WITHOUT_WAITING)
    logs = Logs(cloud)
    ControlPlane(cloud, logs.audit)
    for name in ("bench", "few", "many"):
        cloud.resources.put(HOST, STORE.format(name), {"name": STORE.format(name)})
    tasks = BackgroundTasks(asyncio.get_running_loop(), lambda where, error: print(where, error, file=sys.stderr))
    pubsub, objects = PubSub(cloud), Objects(cloud, logs.audit)
    app = web.Application(client_max_size=10 * 2**20)
    app["folder"] = folder
    stores = DicomStores(cloud, audit=logs.audit, log=logs, publisher=pubsub, objects=objects, tasks=tasks)
    stores.routes(app)
    app.router.add_post("/audit", audited(cloud))
    app.add_routes(
        [web.post("/sink", sink), web.get("/static", static), web.get("/fixed", fixed), web.get("/peak", peak)]
    )
    app.router.add_get("/cpu", cpu)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ready = {"port": runner.addresses[0][1], "token": cloud.iam.token(cloud.iam.owner)}
    print(json.dumps(ready), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()
    await stores.close()
    await logs.close()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
