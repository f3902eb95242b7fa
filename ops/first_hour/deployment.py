"""`pulumi up` whenever the settings are not what was deployed last, the viewer's release, and the proof of it all."""

from __future__ import annotations

import json
from typing import Any

from ops.client.refusal import OpsRefused
from ops.first_hour.hour import FirstHour
from ops.first_hour.person import PersonNeeded
from ops.local.state import FOLDER, write_private
from ops.operate.stack_outputs import profile, token_options
from ops.review.cost import estimate, usage
from ops.review.graph import CANNOT_RUN, declare_graph, resources_of
from viewer.slim_pin import SlimError, read_pin


def is_undeployed(hour: FirstHour) -> bool:
    """Also when the last deployment failed or was killed."""
    return hour.engine.deployed_settings() is None


def is_behind(hour: FirstHour) -> bool:
    return hour.engine.deployed_settings() != hour.engine.declared_settings()


def deploy(hour: FirstHour) -> None:
    hour.require_consent(f"Deploy stack {hour.stack_name}{monthly_cost(hour)}?")
    hour.engine.deploy()


def monthly_cost(hour: FirstHour) -> str:
    """What the stack comes to, in words; nothing where that cannot be said."""
    try:
        estimated = estimate(resources_of(declare_graph(hour.stack_name)), usage())
    except CANNOT_RUN as problem:
        raise OpsRefused(f"stack {hour.stack_name} cannot be declared: {problem}") from None
    return f" (about USD {estimated.total:,.0f} a month, as make cost STACK={hour.stack_name} explains)"


def is_unreleased(hour: FirstHour) -> bool:
    """Whether nobody has released a viewer yet; renewing one is not the first hour's."""
    settings = hour.settings
    if settings.viewer_host != "firebase":
        return settings.viewer_image_digest is None
    path = f"v1beta1/projects/{settings.project}/sites/{settings.site}/releases"
    releases = hour.google.find("firebasehosting", path, pageSize="1")
    return not releases or not releases.get("releases")  # a site that was just made is not known to all of Hosting


def release(hour: FirstHour) -> None:
    settings = hour.settings
    if settings.viewer_host == "cloud_run":
        for line in hour.engine.outputs()["nextCommands"]:
            hour.person.tell(f"    {line}")
        raise PersonNeeded(f"the viewer on Cloud Run is an image: the lines above build it; then run: {hour.command}")
    if settings.viewer_app == "slim":
        require_pin(hour)
    hour.run("ops", "viewer", "release", "--outputs", outputs_file(hour), failed="the viewer was not released")


def require_pin(hour: FirstHour) -> None:
    try:
        read_pin()
    except SlimError:
        raise PersonNeeded(
            f"no version of SLIM is chosen: make viewer-pin, or set viewerApp to lite in "
            f"Pulumi.{hour.stack_name}.yaml; then run again: {hour.command}"
        ) from None


def is_unproved(hour: FirstHour) -> bool:
    """Always: what was proved a while ago may not hold now."""
    return True


def prove(hour: FirstHour) -> None:
    environment, report = hour.settings.environment, f"reports/{hour.stack_name}"
    arguments = ("run", "--outputs", outputs_file(hour), "--profile", profile(environment), "--report", report)
    tokens = token_options(is_local=environment == "local")
    hour.run("smoke_tests", *arguments, *tokens, failed="the smoke tests did not pass")


def outputs_file(hour: FirstHour) -> str:
    outputs: dict[str, Any] = hour.engine.outputs()
    path = hour.folder / FOLDER / f"outputs-{hour.stack_name}.json"
    write_private(path, json.dumps(outputs, indent=2) + "\n")
    return str(path)
