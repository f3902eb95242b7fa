"""Firebase Hosting of one local cloud: its REST methods and, for every site, an origin of its own.

Sites and channels themselves are ordinary resources of the control plane. A channel is kept until it is deleted,
whatever its expiry says.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.hosting.library import DOCUMENT, HOST, Library
from localcloud.hosting.releases import Releases
from localcloud.hosting.site import Site, listen
from localcloud.hosting.versions import Versions
from localcloud.ports import TaskSpawner

ADDRESS = {"sites": "defaultUrl", "channels": "url"}
"""Collection → field of its resources that says where they are served."""


class Hosting:
    """Registers the methods, opens a listener when a site is created and closes it when the site is deleted."""

    def __init__(self, cloud: Cloud, tasks: TaskSpawner) -> None:
        self.cloud, self.tasks = cloud, tasks
        self.library = Library(cloud)
        self.versions = Versions(self.library)
        self.releases = Releases(self.library)
        self.sites: dict[str, Site] = {}
        for method, handler in {**self.versions.methods, **self.releases.methods}.items():
            cloud.methods[f"{DOCUMENT}:projects.sites.{method}"] = handler
            cloud.methods[f"{DOCUMENT}:sites.{method}"] = handler
        for method, handler in self.releases.methods.items():
            cloud.methods[f"{DOCUMENT}:projects.sites.channels.{method}"] = handler
            cloud.methods[f"{DOCUMENT}:sites.channels.{method}"] = handler
        cloud.extras[f"{DOCUMENT}:projects.sites.create"] = self._created
        cloud.extras[f"{DOCUMENT}:projects.sites.channels.create"] = self._opened
        cloud.extras[f"{DOCUMENT}:sites.channels.create"] = self._opened
        cloud.on_delete.append(self._deleted)

    def routes(self, app: web.Application) -> None:
        self.versions.routes(app)

    def resume(self) -> None:
        """Open the sites that were there when the local cloud last ended, on the ports they had if these are free."""
        for name, resource in self.cloud.resources.all(HOST).items():
            field = ADDRESS.get(name.split("/")[-2])
            if field and name not in self.sites:
                site = self._open(name, urlsplit(resource[field]).port)
                self.library.put(name, {**resource, field: site.origin})

    async def close(self) -> None:
        for site in self.sites.values():
            await site.close()

    def _created(self, call: Call, resource: dict[str, Any]) -> None:
        resource["type"] = "USER_SITE"
        self.library.made[resource["name"]] = self.cloud.clock()
        resource["defaultUrl"] = self._open(resource["name"]).origin

    def _opened(self, call: Call, channel: dict[str, Any]) -> None:
        channel["url"] = self._open(self.library.full(channel["name"])).origin

    def _open(self, name: str, port: int | None = None) -> Site:
        """The site's origin; `port` is the one it had before the local cloud was restarted."""
        sock = listen(urlsplit(self.cloud.base).port or 8787, port)
        site = Site(name.rsplit("/", 1)[1], sock, lambda: self.releases.live(name), self.library.blob)
        self.sites[name] = site
        self.tasks.spawn(site.start())
        return site

    def _deleted(self, host: str, name: str) -> None:
        if host == HOST and (site := self.sites.pop(name, None)):
            self.tasks.spawn(site.close())
