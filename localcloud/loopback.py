"""Only those who mean this machine are answered, so that no page in a browser gets in under a name of its own.

A site can have its own name point to 127.0.0.1 once its page is open (DNS rebinding). The browser then takes us for
that site's server: the page reads every answer and sets every header. What it cannot change is the name in `Host`.
"""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

NAMES = ("127.0.0.1", "localhost", "[::1]")


def means_this_machine(host: str) -> bool:
    """Whether a `Host` header, with a port or without, names this machine."""
    name = host.lower()
    return name.removesuffix(f":{name.rpartition(':')[2]}") in NAMES or name in NAMES


@web.middleware
async def only_loopback(request: web.Request, handler: Handler) -> web.StreamResponse:
    """421 (Misdirected Request) for every other name."""
    if not means_this_machine(request.host):
        why = f"The local cloud is at 127.0.0.1 and answers to no other name; the request was for {request.host!r}.\n"
        return web.Response(status=421, text=why)
    return await handler(request)
