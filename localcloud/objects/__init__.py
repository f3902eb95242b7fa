"""Cloud Storage's objects over its JSON API.

`store` keeps the bytes, `resource` has the words, `service` decides, `routes` and `uploads` speak HTTP.
"""

from __future__ import annotations

from aiohttp import web

from localcloud.objects.routes import ObjectRoutes
from localcloud.objects.service import ObjectService


class Objects(ObjectService):
    """The service as the server holds it."""

    def routes(self, app: web.Application) -> None:
        ObjectRoutes(self).add(app)

    async def close(self) -> None:
        self.store.close()
