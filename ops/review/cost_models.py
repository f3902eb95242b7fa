"""How much of what each kind of resource uses in a month: amounts, which have no price yet.

Owns: one small function a type. Deliberately not: prices, and types that cost nothing by being there.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from cronsim import CronSim

from ops.review.plan import UNKNOWN, is_masked
from policy.resource import Resource

Usage = Mapping[str, float]
Amounts = Iterable[tuple[str, str, float]]
"""(what for, key of the price, how many of its unit in a month)."""
KIB_A_GIB = 1024 * 1024


@dataclass(frozen=True)
class MovedImages:
    """The storage class of raw images, and the days that they stay in the standard one first."""

    storage_class: str = "standard"
    after_days: float = 0.0


LEAST_DAYS: Mapping[str, int] = {"nearline": 30, "coldline": 90, "archive": 365}
"""What is deleted, replaced or moved on earlier is paid for until then."""


@dataclass(frozen=True)
class PricedStack:
    """What a resource's cost depends on beside itself."""

    use: Usage
    viewed: str
    """Name of the DICOM store that people's viewers read."""
    starts: float
    """Scheduled starts of the job in a month."""
    moved: MovedImages
    """What becomes of the raw store's images once viewers have theirs."""
    exports: float = 0.0
    """Copies of the whole raw store in a month."""
    sweeps: float = 0.0
    """Looks at every study in a month."""

    @property
    def new_studies(self) -> float:
        return self.use["studies"] * self.use["new_share"]

    @property
    def views(self) -> float:
        return self.use["studies"] * self.use["views_per_study"]


def viewed_store(resources: Iterable[Resource]) -> str:
    """The viewers' own store when there is one."""
    stores = (made for made in resources if made.type == "gcp:healthcare/dicomStore:DicomStore")
    return "viewer" if "viewer" in {str(made.properties.get("name")) for made in stores} else "raw"


def scheduled_starts(resources: Iterable[Resource], verb: str = ":run", sweeps: bool = False) -> float:
    """Calls of `verb` in a month by all schedules of the stack that are known; those of the job that sweep, or not."""
    jobs = [made for made in resources if made.type == "gcp:cloudscheduler/job:Job"]
    called = [made for made in jobs if _calls(made, verb) and _sweeps(made) == sweeps]
    schedules = [str(made.properties["schedule"]) for made in called]
    return sum(starts_a_month(schedule) for schedule in schedules if schedule != UNKNOWN and not is_masked(schedule))


def _target(schedule: Resource) -> Mapping[str, Any]:
    """Nothing, where it is not known yet."""
    target: Any = schedule.properties.get("httpTarget")
    return cast("Mapping[str, Any]", target) if isinstance(target, Mapping) else {}


def _calls(schedule: Resource, verb: str) -> bool:
    """An address that is not known yet is that of the job."""
    return str(_target(schedule).get("uri", ":run")).endswith((verb, *((UNKNOWN,) if verb == ":run" else ())))


def _sweeps(schedule: Resource) -> bool:
    """One whose body is not known yet does not."""
    body = str(_target(schedule).get("body") or "")
    try:
        return b"--sweep" in base64.b64decode(body)
    except ValueError:
        return False


def moved_images(resources: Iterable[Resource], storage_class: str = "") -> MovedImages:
    """The class and days that the job is told, or to another class after as many days (a week, where it moves none)."""
    environment = _environment_of(resources)
    if not storage_class:
        return environment
    return MovedImages(storage_class, environment.after_days if environment.storage_class != "standard" else 7.0)


def _environment_of(resources: Iterable[Resource]) -> MovedImages:
    """Nothing is moved by a job that does not say so, or not yet."""
    for made in resources:
        template: Any = made.properties.get("template") if made.type == "gcp:cloudrunv2/job:Job" else None
        if isinstance(template, Mapping):
            variables = cast("dict[str, Any]", template)["template"]["containers"][0].get("envs") or []
            environment = {str(variable["name"]): str(variable.get("value", "")) for variable in variables}
            if environment.get("RAW_STORAGE_CLASS") in ("standard", *LEAST_DAYS):
                return MovedImages(environment["RAW_STORAGE_CLASS"], float(environment["RAW_STORAGE_AFTER_DAYS"]))
    return MovedImages()


def starts_a_month(schedule: str) -> float:
    """How often a cron schedule comes due, a twelfth of a year's; `ValueError` for one that is not five fields."""
    fields = schedule.split()
    if len(fields) != 5:
        raise ValueError(f"schedule '{schedule}' has {len(fields)} fields; write five, such as '*/5 * * * *'")
    days = CronSim(" ".join(["0", "0", *fields[2:]]), datetime(2024, 12, 31, 23, 59))
    due = sum(1 for _ in itertools.takewhile(lambda day: day.year == 2025, days))
    every = CronSim(schedule, datetime(2025, 1, 1))
    return due * len(every.hours) * len(every.minutes) / 12


def _store(store: Resource, stack: PricedStack) -> Amounts:
    name, use = str(store.properties.get("name")), stack.use
    if name == "smoke":
        return
    yield from _images(use["studies"] * use["gib_per_study"], stack, moves=name != stack.viewed)
    yield "metadata", "healthcare.structured", use["studies"] * use["structured_gib_per_study"]
    yield "storing new studies", "healthcare.standard", stack.new_studies * use["instances_per_study"]
    if name == stack.viewed:
        yield "tiles", "healthcare.standard", stack.views * use["tiles_per_view"]
        yield "searches", "healthcare.complex", stack.views * use["searches_per_view"]
        yield "sent to viewers", "internet", stack.views * use["gib_per_view"]


def _images(stored: float, stack: PricedStack, moves: bool) -> Amounts:
    """GiB-months by class, and what it costs to read again or to delete early what was moved."""
    kind, use = stack.moved.storage_class, stack.use
    if not moves or kind == "standard":
        yield "images", "healthcare.blob", stored
        return
    fresh = min(stored, stack.new_studies * use["gib_per_study"] * stack.moved.after_days * 12 / 365)
    moved = stored - fresh
    yield "images, not moved yet", "healthcare.blob", fresh
    yield f"images, {kind}", f"healthcare.{kind}", moved
    # Half of the least duration is left when one goes, on average; what is older than that goes for nothing.
    young = min(moved, stack.new_studies * use["gib_per_study"] * LEAST_DAYS[kind] * 12 / 365)
    yield "early deletion", f"healthcare.{kind}", young * use["early_share"] * LEAST_DAYS[kind] / 2 * 12 / 365
    yield "read again", f"healthcare.retrieval.{kind}", moved * use["raw_read_share"]
    if stack.exports:
        yield "read by exports", f"healthcare.retrieval.{kind}", moved * stack.exports
    yield "requests that move", "healthcare.standard", 2 * stack.new_studies


def _job(job: Resource, stack: PricedStack) -> Amounts:
    execution: dict[str, Any] = job.properties["template"]
    limits = execution["template"]["containers"][0]["resources"]["limits"]
    busy = stack.new_studies * stack.use["job_minutes_per_study"] * 60
    swept = stack.sweeps * stack.use["studies"]
    sweeping = swept * stack.use["sweep_seconds_per_study"]
    idle = stack.starts * float(execution.get("taskCount") or 1) * stack.use["idle_seconds_per_start"]
    works = (("work on new studies", busy), ("sweeps", sweeping), ("scheduled starts without work", idle))
    for what, seconds in works:
        yield f"{what}, CPU", "run.cpu", seconds * float(limits["cpu"])
        yield f"{what}, memory", "run.memory", seconds * gib(str(limits["memory"]))
    yield "requests for new studies", "healthcare.standard", stack.new_studies * stack.use["job_requests_per_study"]
    yield "searches of sweeps", "healthcare.complex", swept
    yield "other requests of sweeps", "healthcare.standard", swept


def _schedule(_: Resource, __: PricedStack) -> Amounts:
    yield "schedule", "scheduler.job", 1


def _bucket(bucket: Resource, stack: PricedStack) -> Amounts:
    if (bucket.properties.get("labels") or {}).get("purpose") == "scratch":
        return  # pixels on their way stay for minutes
    use = stack.use
    if bucket.name.endswith("export-bucket"):
        copies = stack.exports * _days_of_old_versions(bucket) * 12 / 365
        stored = use["studies"] * use["gib_per_study"]
        yield "copies of the raw store, old ones too", "storage.standard", stored * (1 + copies)
        yield "writes", "storage.write", stack.exports * use["studies"] * use["instances_per_study"]
    elif bucket.name.endswith(("-sources", "deliveries-bucket")):
        yield "sources, reports", "storage.standard", use["delivery_gib"]
    else:
        yield "records", "storage.standard", use["studies"] * use["record_mib_per_study"] / 1024
        claimed = use["instances_per_study"]  # each event tries to claim its window
        yield "writes", "storage.write", stack.new_studies * (claimed + use["record_requests_per_study"])


def _days_of_old_versions(bucket: Resource) -> float:
    rules = cast("list[dict[str, Any]]", bucket.properties.get("lifecycleRules") or [])
    return max((float(rule["condition"].get("daysSinceNoncurrentTime") or 0) for rule in rules), default=0.0)


def _secret(secret: Resource, _: PricedStack) -> Amounts:
    replication = secret.properties.get("replication") or {}
    places = (replication.get("userManaged") or {}).get("replicas") or [None]
    yield "one active version", "secret.version", len(places)
    if secret.properties.get("rotation"):
        yield "reminders", "secret.reminder", 1 / 3


def _subscription(subscription: Resource, stack: PricedStack) -> Amounts:
    if "dead" in str(subscription.properties.get("name")):
        return
    messages = stack.new_studies * stack.use["instances_per_study"]
    # Published once and delivered once: both count.
    yield "notifications", "pubsub.throughput", 2 * messages * stack.use["message_kib"] / KIB_A_GIB / 1024


def _logs(bucket: Resource, stack: PricedStack) -> Amounts:
    requests = stack.views * (stack.use["tiles_per_view"] + stack.use["searches_per_view"])
    stored = requests * stack.use["audit_kib_per_request"] / KIB_A_GIB
    months = max(float(bucket.properties.get("retentionDays") or 30) - 30, 0) / 30
    yield "audit entries", "logging.stored", stored
    yield "keeping them, once the oldest is due to go", "logging.retained", stored * months


def _repository(_: Resource, stack: PricedStack) -> Amounts:
    yield "images", "artifacts", stack.use["images_gib"]


def _workflow(_: Resource, stack: PricedStack) -> Amounts:
    events = stack.new_studies * stack.use["instances_per_study"]
    yield "executions", "workflows.step", events * stack.use["workflow_steps_per_instance"]


def _site(site: Resource, stack: PricedStack) -> Amounts:
    yield "files", "hosting.stored", stack.use["site_mib"] / 1024
    if "preview" not in site.name:
        yield "sent", "hosting.sent", stack.views * stack.use["site_mib_per_view"] / 1024


def _key(_: Resource, __: PricedStack) -> Amounts:
    yield "one active version", "kms.version", 1


MODELS: Mapping[str, Callable[[Resource, PricedStack], Amounts]] = {
    "gcp:artifactregistry/repository:Repository": _repository,
    "gcp:cloudrunv2/job:Job": _job,
    "gcp:cloudscheduler/job:Job": _schedule,
    "gcp:firebase/hostingSite:HostingSite": _site,
    "gcp:healthcare/dicomStore:DicomStore": _store,
    "gcp:kms/cryptoKey:CryptoKey": _key,
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": _logs,
    "gcp:pubsub/subscription:Subscription": _subscription,
    "gcp:secretmanager/secret:Secret": _secret,
    "gcp:storage/bucket:Bucket": _bucket,
    "gcp:workflows/workflow:Workflow": _workflow,
}
FREE = (
    "gcp:billing/budget",
    "gcp:cloudbuild",
    "gcp:eventarc",
    "gcp:firebase/hostingCustomDomain",
    "gcp:firebase/project",
    "gcp:firebase/webApp",
    "gcp:healthcare/dataset",
    "gcp:iam/",
    "gcp:kms/keyRing",
    "gcp:logging/logView",
    "gcp:logging/projectExclusion",
    "gcp:logging/projectSink",
    "gcp:projects/",
    "gcp:pubsub/topic",
    "gcp:secretmanager/secretVersion",
    "gcp:serviceaccount/",
)
"""What costs nothing by being there: its use, if it costs, is in the line of another resource, or (builds) not here."""


def is_free(type_: str) -> bool:
    return type_.startswith(FREE) or type_.lower().endswith("iammember")


def gib(memory: str) -> float:
    """Kubernetes' notation, as Cloud Run takes it: `512Mi`, `4Gi`, `1G`."""
    for suffix, factor in (("Gi", 1), ("Mi", 1 / 1024), ("G", 1e9 / 2**30), ("M", 1e6 / 2**30)):
        if memory.endswith(suffix):
            return float(memory.removesuffix(suffix)) * factor
    raise ValueError(f"memory {memory!r} has no unit that Cloud Run knows: write 4Gi or 512Mi")
