"""Deploys a Pulumi program without an engine: the program runs in this process, each resource becomes its API request.

It creates; it does not update, replace, refresh or delete. For those use the Pulumi CLI against the same local cloud.
"""

from localcloud.engine.config import ConfigProblem, StackConfig, load_config, program_of
from localcloud.engine.failures import DeploymentFailed, Failure
from localcloud.engine.foretell import foretell
from localcloud.engine.graph import Deployment, Event, Invoke, Node
from localcloud.engine.provider import Declared, Provider, Refused
from localcloud.engine.rest import RestProvider
from localcloud.engine.run import run
from localcloud.engine.transport import DirectTransport, HttpTransport, Transport
from localcloud.engine.values import UNKNOWN

__all__ = [
    "UNKNOWN",
    "ConfigProblem",
    "Declared",
    "Deployment",
    "DeploymentFailed",
    "DirectTransport",
    "Event",
    "Failure",
    "HttpTransport",
    "Invoke",
    "Node",
    "Provider",
    "Refused",
    "RestProvider",
    "StackConfig",
    "Transport",
    "foretell",
    "load_config",
    "program_of",
    "run",
]
