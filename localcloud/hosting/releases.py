"""Releases: which finalized version a site serves. The newest release is the live one; a rollback is a release too."""

from __future__ import annotations

from localcloud.control.call import Call, Handler
from localcloud.errors import ApiError
from localcloud.hosting.library import Json, Library, page
from localcloud.hosting.site import Live


class Releases:
    """The methods `releases.*` of sites and their channels, and what is live. `site` may be a channel's name."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.methods: dict[str, Handler] = {
            "releases.create": self.create,
            "releases.get": lambda call: library.require(library.full(call.params["name"])),
            "releases.list": lambda call: page(call, "releases", library.children(library.site(call), "releases")),
        }

    def create(self, call: Call) -> Json:
        """Makes a version live; refuses one that is not finalized or belongs to another site."""
        site = self.library.site(call)
        kind = call.body.get("type", "DEPLOY")
        name = self._next(site)
        release: Json = {
            "name": self.library.public(name),
            "type": kind,
            "releaseTime": self.library.now(),
            "releaseUser": {"email": call.principal.email},
        }
        if message := call.body.get("message"):
            release["message"] = message
        if kind != "SITE_DISABLE":
            release["version"] = self._releasable(site, call.query.get("versionName", ""))
        return self.library.put(name, release)

    def live(self, site: str) -> Live | None:
        """What the site serves; None before its first release and after it was disabled."""
        releases = self.library.children(site, "releases")
        if not releases or "version" not in releases[0]:
            return None
        version = releases[0]["version"]
        return Live(files=self.library.files(self.library.full(version["name"])), config=version.get("config", {}))

    def _releasable(self, site: str, version_name: str) -> Json:
        if not version_name:
            raise ApiError(400, "versionName is missing: name the finalized version to release.")
        name = self.library.full(version_name)
        if not name.startswith(f"{site.split('/channels/')[0]}/versions/"):
            raise ApiError(400, f"Version {version_name} does not belong to {self.library.public(site)}.")
        version = self.library.require(name)
        if version["status"] != "FINALIZED":
            raise ApiError(400, f"Version {version_name} is {version['status']}, not FINALIZED; nothing was released.")
        return version

    def _next(self, site: str) -> str:
        """Google's ids are numbers that grow."""
        taken = [number_of(release["name"]) for release in self.library.children(site, "releases")]
        return f"{site}/releases/{max([int(self.library.cloud.clock() * 1e6), *(number + 1 for number in taken)])}"


def number_of(release: str) -> int:
    return int(release.rpartition("/")[2])
