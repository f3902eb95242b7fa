"""What runs: its bounds, what stands in front of it, and that it is called over https with the right kind of token."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.resource_view import Seen
from policy.rule import Finding, Need, needs, rule, stack_rule
from policy.stack import Stack

JOB = "gcp:cloudrunv2/job:Job"
SERVICE = "gcp:cloudrunv2/service:Service"
WORKFLOW = "gcp:workflows/workflow:Workflow"
SCHEDULE = "gcp:cloudscheduler/job:Job"
LOCAL = re.compile(r"http://(?:127\.0\.0\.1|localhost)[:/]")

BOUNDED = needs(
    "job-is-bounded",
    "33",
    JOB,
    "The job says how long a task may take, how often it is tried, with how much of the machine, and what it runs.",
    Need("template.taskCount", bool, "does not say how many tasks it has", "Set template.taskCount."),
    Need(
        "template.template.timeout",
        lambda value: re.fullmatch(r"[1-9]\d*s", str(value)) is not None,
        "ends each task after Google's ten minutes, in the middle of a large study",
        "Set template.template.timeout.",
    ),
    Need(
        "template.template.maxRetries",
        lambda value: value is not None and 0 <= value <= 10,
        "is tried three times more, as nothing else is said",
        "Set template.template.maxRetries.",
    ),
    Need(
        "template.template.containers[].resources.limits.memory",
        bool,
        "has 512 MiB, as nothing else is said, and a slide needs more",
        "Set resources.limits.memory.",
    ),
    Need("template.template.containers[].resources.limits.cpu", bool, "does not say its CPUs", "Set limits.cpu."),
    Need(
        "template.template.containers[].commands",
        bool,
        "runs whatever the image says, which no plan shows",
        "Set commands.",
    ),
)
BEHIND_THE_PROXY = needs(
    "viewer-behind-the-proxy",
    "18 34",
    SERVICE,
    "The viewer's service answers only who has passed Identity-Aware Proxy, and starts no end of instances.",
    Need("iapEnabled", lambda value: value is True, "answers whoever finds its address", "Set iapEnabled to true."),
    Need(
        "invokerIamDisabled",
        lambda value: value in (None, False),
        "needs no permission to be called",
        "Set invokerIamDisabled to false.",
    ),
    Need(
        "template.scaling.maxInstanceCount",
        bool,
        "starts as many instances as somebody wants to pay for",
        "Set template.scaling.maxInstanceCount.",
    ),
)


@stack_rule("running-is-protected", "10", (JOB, SERVICE, WORKFLOW), holds=("deletionProtection",))
def running_is_protected(stack: Stack, seen: Seen) -> Iterator[Finding]:
    """Job, service and workflow say that they refuse to be deleted, unless the stack is disposable."""
    if seen.get("deletionProtection") is not True and not stack.disposable:
        yield Finding("can be deleted by one wrong line, and no study is prepared then", "Set deletionProtection.")


@rule(
    "schedule-signs-in", "17", SCHEDULE, holds=("httpTarget.oauthToken.serviceAccountEmail",), reads=("httpTarget.uri",)
)
def schedule_signs_in(schedule: Seen) -> Iterator[Finding]:
    """The schedule calls a Google API with an OAuth token; an identity token is refused there, and none is worse."""
    if schedule.get("httpTarget") and not schedule.get("httpTarget.oauthToken.serviceAccountEmail"):
        yield Finding("calls without an OAuth token of an account", "Set httpTarget.oauthToken.serviceAccountEmail.")


@stack_rule("over-https", "34", (SCHEDULE, WORKFLOW, JOB), reads=("httpTarget.uri",))
def over_https(stack: Stack, seen: Seen) -> Iterator[Finding]:
    """Every address that the stack calls is https; only a local stack calls this machine without."""
    for name, url in addresses(seen):
        if url.startswith("http://") and not (stack.environment == "local" and LOCAL.match(url)):
            yield Finding(f"sends tokens and images in clear to {url} ({name})", "Use an https address.")


def addresses(seen: Seen) -> Iterator[tuple[str, str]]:
    if seen.type == SCHEDULE:
        yield "httpTarget.uri", str(seen.get("httpTarget.uri") or "")
    elif seen.type == WORKFLOW:
        for name, value in (seen.get("userEnvVars") or {}).items():
            yield name, str(value)
    else:
        for variable in seen.each("template.template.containers[].envs[]"):
            yield str(variable.get("name")), str(variable.get("value") or "")


RULES = (BOUNDED, BEHIND_THE_PROXY, running_is_protected, schedule_signs_in, over_https)
