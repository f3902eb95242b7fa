"""The metadata server of one job execution: who it runs as, and tokens for that account. Nothing about machines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from localcloud.cloud import Cloud
from localcloud.errors import ApiError
from localcloud.loopback import only_loopback

FLAVOR = {"Metadata-Flavor": "Google"}
SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
LIFETIME = 3600


class MetadataServer:
    """Answers google-auth's `compute_engine` credentials on a free loopback port."""

    def __init__(self, cloud: Cloud, email: str) -> None:
        self.cloud = cloud
        self.email = email
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Begin to serve; returns `127.0.0.1:port`, the value for GCE_METADATA_HOST."""
        app = web.Application(middlewares=[only_loopback, require_flavor])
        account = f"/computeMetadata/v1/instance/service-accounts/{{account:default|{self.email}}}"
        texts = {
            "/": "computeMetadata/\n",
            "/computeMetadata/v1/project/project-id": self.cloud.project,
            "/computeMetadata/v1/project/numeric-project-id": self.cloud.number,
            "/computeMetadata/v1/universe/universe-domain": "googleapis.com",
            "/computeMetadata/v1/instance/service-accounts/": f"default/\n{self.email}/\n",
            f"{account}/email": self.email,
            f"{account}/scopes": "\n".join(SCOPES) + "\n",
        }
        for path, text in texts.items():
            app.router.add_get(path, constant(text))
        app.router.add_get(f"{account}/", self.account)
        app.router.add_get(f"{account}/token", self.token)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"{host}:{port}"

    async def close(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def account(self, request: web.Request) -> web.Response:
        if request.query.get("recursive", "").lower() != "true":
            return web.Response(text="aliases\nemail\nscopes\ntoken\n")
        return web.json_response({"aliases": ["default"], "email": self.email, "scopes": SCOPES})

    async def token(self, request: web.Request) -> web.Response:
        try:
            token = self.cloud.iam.token(self.email, lifetime=LIFETIME)
        except ApiError as error:
            return web.Response(status=error.code, text=error.message)
        return web.json_response({"access_token": token, "expires_in": LIFETIME - 1, "token_type": "Bearer"})


@web.middleware
async def require_flavor(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuse who does not say that it knows whom it asks (a browser, for instance), as Google's server does."""
    if request.headers.get("Metadata-Flavor") != "Google":
        return web.Response(status=403, text="Missing Metadata-Flavor: Google header.", headers=FLAVOR)
    try:
        response = await handler(request)
    except web.HTTPNotFound:
        response = web.Response(status=404, text=f"The local metadata server does not know {request.path}.")
    response.headers.update(FLAVOR)
    return response


def constant(text: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=text)

    return answer
