"""Firebase Hosting on one machine: versions, uploads, releases, and every site on an origin of its own."""

from localcloud.hosting.api import Hosting

__all__ = ["Hosting"]
