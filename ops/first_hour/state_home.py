"""Where Pulumi's state lives: bucket and key, then the stack itself in it, and the groups that its people are in."""

from __future__ import annotations

from datetime import UTC, datetime

from infra.formats import GROUP
from ops.first_hour.hour import FirstHour
from ops.operate.bootstrap import Bootstrap, bucket_of
from ops.operate.doctor.state import weak


def home(hour: FirstHour) -> Bootstrap:
    settings = hour.settings
    return Bootstrap(hour.google, settings, hour.stack_name, bucket_of(settings), cmek=False, now=datetime.now(UTC))


def is_missing(hour: FirstHour) -> bool:
    """Whether the key or the bucket is not there, or the bucket loose, or the settings do not name them."""
    wanted = home(hour)
    if hour.google.find("cloudkms", f"v1/{wanted.key}") is None:
        return True
    bucket = hour.google.find("storage", f"storage/v1/b/{wanted.bucket}")
    if bucket is None:
        return True
    named = (hour.settings.state_bucket, hour.settings.state_key)
    return any(weak(bucket)) or named != (wanted.bucket, wanted.key)


def make(hour: FirstHour) -> None:
    wanted = home(hour)
    hour.require_consent(
        f"Make bucket {wanted.bucket} and key ring {wanted.ring.rpartition('/')[2]} in {hour.settings.location} "
        "(some cents a month; a key ring can never be deleted)?"
    )
    for line in wanted.make():
        hour.person.tell(f"  {line}")
    hour.set("stateBucket", wanted.bucket)
    hour.set("stateKey", wanted.key)


def has_no_stack(hour: FirstHour) -> bool:
    return not hour.engine.has_stack()


def make_stack(hour: FirstHour) -> None:
    hour.engine.make_stack()
    hour.person.tell(f"  stack {hour.stack_name} is in gs://{hour.settings.state_bucket}")


def has_no_people(hour: FirstHour) -> bool:
    """Asked once, before the first deployment; later it is a setting like others."""
    settings = hour.settings
    nobody = not (settings.viewers or settings.annotators or settings.ingest_writers)
    return nobody and hour.person.is_there and hour.engine.deployed_settings() is None


def ask_for_people(hour: FirstHour) -> None:
    """Google groups, one for each thing that people do; none is an answer, too."""
    for key, who in (
        ("viewers", "may look at slides"),
        ("annotators", "may also store annotations"),
        ("ingestWriters", "may store slides"),
    ):
        question = f"Which Google group {who}? (e-mail; empty: nobody yet)"
        given = hour.ask(question, lambda text: "" if not text or GROUP.accepts(text) else GROUP.words)
        if given:
            hour.set(key, [given])
