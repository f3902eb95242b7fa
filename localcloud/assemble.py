"""Put one local cloud together: the control plane, then each service, in the order in which they lean on each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localcloud.chain import Chain
from localcloud.cloud import Cloud
from localcloud.control import ControlPlane
from localcloud.dicom import DicomStores
from localcloud.hosting import Hosting
from localcloud.logs import Logs
from localcloud.objects import Objects
from localcloud.pubsub import PubSub
from localcloud.registry import Registry
from localcloud.runner import Runner
from localcloud.secrets import Secrets
from localcloud.signin import SignIn


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What stands behind the server's routes."""

    cloud: Cloud
    plane: ControlPlane
    registry: Registry
    services: tuple[Any, ...]


def assemble(cloud: Cloud) -> Parts:
    """Wire every service to `cloud`; nothing listens yet."""
    plane = ControlPlane(cloud)
    logs = Logs(cloud)
    pubsub = PubSub(cloud)
    objects = Objects(cloud)
    secrets = Secrets(cloud)
    registry = Registry(cloud)
    runner = Runner(cloud, registry)
    chain = Chain(cloud, pubsub)
    services = (
        logs,
        pubsub,
        objects,
        secrets,
        registry,
        runner,
        chain,
        DicomStores(cloud),
        Hosting(cloud),
        SignIn(cloud),
    )
    return Parts(cloud=cloud, plane=plane, registry=registry, services=services)
