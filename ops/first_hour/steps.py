"""The steps of the first hour, in the order in which each has what it needs, and the walk through them."""

from __future__ import annotations

from ops.first_hour import deployment, job_image, people, project, state_home
from ops.first_hour.hour import FirstHour, HourStep

STEPS: tuple[HourStep, ...] = (
    HourStep("project", project.is_missing, project.make),
    HourStep("rights", project.has_no_rights, project.await_rights),
    HourStep("APIs that are free", project.lacks_free_apis, project.enable_free_apis),
    HourStep("billing", project.is_unpaid, project.await_billing),
    HourStep("organisation", project.is_not_allowed, project.refuse_policies),
    HourStep("APIs", project.lacks_first_apis, project.enable_first_apis),
    HourStep("state's home", state_home.is_missing, state_home.make),
    HourStep("stack", state_home.has_no_stack, state_home.make_stack),
    HourStep("people", state_home.has_no_people, state_home.ask_for_people),
    HourStep("Firebase", people.has_no_firebase, people.add_firebase),
    HourStep("first deployment", deployment.is_undeployed, deployment.deploy),
    HourStep("sign-in client", people.has_no_client, people.ask_for_client),
    HourStep("job's image", job_image.is_missing, job_image.build),
    HourStep("GitHub", people.has_no_github, people.connect_github),
    HourStep("second deployment", deployment.is_behind, deployment.deploy),
    HourStep("viewer", deployment.is_unreleased, deployment.release),
    HourStep("smoke tests", deployment.is_unproved, deployment.prove),
)


def walk(hour: FirstHour) -> None:
    """Every step that is left, each looked for when its turn comes. Raises `OpsRefused` at the first that cannot be."""
    for number, step in enumerate(STEPS, start=1):
        head = f"[{number}/{len(STEPS)}] {step.name}"
        if not step.is_left(hour):
            hour.person.tell(f"{head}: done")
            continue
        hour.person.tell(f"{head}:")
        step.do(hour)
    outputs = hour.engine.outputs()
    hour.person.tell(f"Stack {hour.stack_name} is proved. The viewer: {outputs['viewerUrl']}")
    for line in outputs.get("nextCommands", []):
        hour.person.tell(f"  still to do: {line}")
