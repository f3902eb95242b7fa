"""What is no HTTP request is refused in Google's shape too; aiohttp's own words for it are plain text.

aiohttp names no place to say so: `handle_error` is public, but who makes its handlers is not. A test holds this.
"""

from __future__ import annotations

from aiohttp import web

from localcloud.errors import ApiError


class HttpConnection(web.RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        super().handle_error(request, status, exc, message)
        sentence = " ".join((message or "the local cloud failed").split())
        response = web.json_response(
            ApiError(status, f"This is no valid HTTP request: {sentence}").body(), status=status
        )
        response.force_close()
        return response


class HttpListener(web.Server):
    def __call__(self) -> web.RequestHandler:
        connection = super().__call__()
        connection.__class__ = HttpConnection
        return connection


class HttpRunner(web.AppRunner):
    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        server.__class__ = HttpListener
        return server
