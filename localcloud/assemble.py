"""Put one local cloud together: each service gets what it needs of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localcloud.builds import Builds
from localcloud.chain import Chain
from localcloud.cloud import Cloud
from localcloud.control.plane import ControlPlane
from localcloud.dicom import DicomStores
from localcloud.hosting import Hosting
from localcloud.logs import Logs
from localcloud.objects import Objects
from localcloud.ports import TaskSpawner
from localcloud.pubsub import PubSub
from localcloud.registry import Registry
from localcloud.runner import Runner
from localcloud.secrets import Secrets
from localcloud.signin import SignInProvider


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What stands behind the server's routes."""

    cloud: Cloud
    plane: ControlPlane
    registry: Registry
    logs: Logs
    pubsub: PubSub
    objects: Objects
    tasks: TaskSpawner
    services: tuple[Any, ...]


def assemble(cloud: Cloud, tasks: TaskSpawner) -> Parts:
    """Make every service of `cloud`; nothing listens yet."""
    logs = Logs(cloud)
    pubsub = PubSub(cloud)
    objects = Objects(cloud, logs.audit)
    registry = Registry(cloud)
    runner = Runner(cloud, registry, logs, tasks)
    chain = Chain(cloud, pubsub, tasks)
    stores = DicomStores(cloud, audit=logs.audit, log=logs, publisher=pubsub, objects=objects, tasks=tasks)
    return Parts(
        cloud=cloud,
        plane=ControlPlane(cloud, logs.audit),
        registry=registry,
        logs=logs,
        pubsub=pubsub,
        objects=objects,
        tasks=tasks,
        services=(
            logs,
            pubsub,
            objects,
            Secrets(cloud),
            registry,
            runner,
            Builds(cloud, registry, objects),
            chain,
            stores,
            Hosting(cloud, tasks),
            SignInProvider(cloud),
        ),
    )
