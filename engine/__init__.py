"""Deploys a Pulumi program without an engine: the program runs in this process, each resource becomes its API request.

It creates; it does not update, replace, refresh or delete. For those use the Pulumi CLI against the same local cloud.
"""

from engine.config import ConfigProblem, StackConfig, load_config, program_of
from engine.failures import DeploymentFailed, Failure
from engine.foretell import foretell
from engine.graph import Deployment, Event, Invoke, Node
from engine.provider import Declared, Provider, Refused
from engine.rest import RestProvider
from engine.run import run
from engine.transport import DirectTransport, HttpTransport, Transport
from engine.values import UNKNOWN

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
