"""The cost of hand-made stacks, added up by hand, and that nothing we declare is forgotten."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ops.review import cost
from ops.review.cost_models import LEAST_DAYS, gib, starts_a_month
from ops.review.graph import declare_graph, resources_of
from ops.review.plan import SECRET as SECRET_VALUE
from ops.review.plan import UNKNOWN
from ops.review.words import decimal
from policy.resource import Resource
from policy.rules import archive

STORE = "gcp:healthcare/dicomStore:DicomStore"
JOB = "gcp:cloudrunv2/job:Job"
BUCKET = "gcp:storage/bucket:Bucket"
SCHEDULE = "gcp:cloudscheduler/job:Job"
SECRET = "gcp:secretmanager/secret:Secret"
LOGS = "gcp:logging/projectBucketConfig:ProjectBucketConfig"


def made(type_: str, name: str = "it", /, **inputs: Any) -> Resource:
    return Resource(f"urn:{type_}::{name}", type_, name, inputs)


def total(*resources: Resource, **use: float) -> float:
    return cost.estimate(resources, cost.usage(**use)).total


def test_a_store_that_nobody_looks_at_costs_its_images_and_their_arrival() -> None:
    viewed = made(STORE, "viewer", name="viewer")
    use = {"studies": 100.0, "gib_per_study": 3.0, "structured_gib_per_study": 0.01, "new_share": 0.5,
           "instances_per_study": 10.0}  # fmt: skip

    found = cost.estimate([made(STORE, "raw", name="raw"), viewed], cost.usage(**use))

    # 300 GiB at 0.02, 1 GiB at 0.24, 500 requests at 0.39 per 100,000.
    assert found.by_resource()["raw"] == pytest.approx(6.0 + 0.24 + 0.00195)


def test_the_store_that_is_looked_at_costs_tiles_searches_and_the_way_to_the_viewer() -> None:
    use = {"studies": 1000.0, "gib_per_study": 0.0, "structured_gib_per_study": 0.0, "new_share": 0.0,
           "views_per_study": 2.0, "tiles_per_view": 500.0, "searches_per_view": 5.0, "gib_per_view": 0.1}  # fmt: skip

    # 1,000,000 tiles at 0.39 and 10,000 searches at 0.69 per 100,000, 200 GiB at 0.12.
    assert total(made(STORE, "raw", name="raw"), **use) == pytest.approx(3.9 + 0.069 + 24.0)


def test_raw_images_that_move_cost_their_class_what_is_read_again_and_what_goes_early() -> None:
    envs = [{"name": "RAW_STORAGE_CLASS", "value": "coldline"}, {"name": "RAW_STORAGE_AFTER_DAYS", "value": "73"}]
    limits = {"cpu": "1", "memory": "1Gi"}
    template = {"taskCount": 1, "template": {"containers": [{"resources": {"limits": limits}, "envs": envs}]}}
    job, viewed = made(JOB, template=template), made(STORE, "viewer", name="viewer")
    export = made(SCHEDULE, "export", schedule="0 0 1 * *", httpTarget={"uri": "https://h/v1/s:export"})
    use = {"studies": 100.0, "gib_per_study": 1.0, "structured_gib_per_study": 0.0, "new_share": 0.05,
           "instances_per_study": 0.0, "raw_read_share": 0.1, "early_share": 0.2}  # fmt: skip
    stack = [made(STORE, "raw", name="raw"), viewed, job]

    lines = {line.what: line.quantity for line in cost.estimate([*stack, export], cost.usage(**use)).lines}

    # 5 GiB a month for 73 days (2.4 months) are not moved yet: 12 GiB; coldline keeps what goes for 90 days at least.
    assert lines["images, not moved yet"] == pytest.approx(12)
    assert lines["images, coldline"] == pytest.approx(88)
    assert lines["read again"] == pytest.approx(8.8)
    assert lines["read by exports"] == pytest.approx(88)
    young = 5 * 90 * 12 / 365
    assert lines["early deletion"] == pytest.approx(young * 0.2 * 45 * 12 / 365)
    assert "read by exports" not in {line.what for line in cost.estimate(stack, cost.usage(**use)).lines}


def test_a_bucket_costs_what_is_in_it_and_only_one_holds_records() -> None:
    rule = {"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": 73}}
    copies = made(BUCKET, "export-bucket", lifecycleRules=[rule])
    others = [made(BUCKET, name) for name in ("records-bucket", "registry-sources", "deliveries-bucket")]
    export = made(SCHEDULE, "export", schedule="0 0 1 * *", httpTarget={"uri": "https://h/v1/s:export"})
    use = {"studies": 100.0, "gib_per_study": 1.0, "new_share": 0.05, "instances_per_study": 10.0,
           "record_mib_per_study": 10.24, "record_requests_per_study": 40.0, "delivery_gib": 0.5}  # fmt: skip

    lines = cost.estimate([*others, copies, export], cost.usage(**use)).lines

    # Old versions stay for 73 days (2.4 months), and each month all of it is copied.
    assert {(line.resource, line.what): line.quantity for line in lines if line.resource != "export"} == {
        ("records-bucket", "records"): pytest.approx(1),
        ("records-bucket", "writes"): pytest.approx(5 * (10 + 40)),
        ("registry-sources", "sources, reports"): pytest.approx(0.5),
        ("deliveries-bucket", "sources, reports"): pytest.approx(0.5),
        ("export-bucket", "copies of the raw store, old ones too"): pytest.approx(100 * 3.4),
        ("export-bucket", "writes"): pytest.approx(1000),
    }


def test_the_policy_says_the_same_durations_and_prices_as_the_cost_model() -> None:
    assert archive.LEAST_DAYS == LEAST_DAYS
    read = {name: cost.table()["prices"][f"healthcare.retrieval.{name}"]["usd"] for name in LEAST_DAYS}
    assert read == archive.READ_USD


def test_it_is_said_from_how_many_reads_on_a_class_does_not_pay() -> None:
    # Nearline saves 0.01 a GiB and month and costs 0.01 a GiB read, coldline 0.016 and 0.02, archive 0.0188 and 0.05.
    expected = {"nearline": 1.0, "coldline": 0.8, "archive": 0.376}
    assert cost.break_even_reads() == pytest.approx(expected)
    said = cost.in_words(cost.estimate([], cost.usage()), cost.usage())
    assert "less often in a month than nearline 1, coldline 0.8, archive 0.376 times." in said


def test_prod_with_moved_raw_images_costs_at_most_65_percent_of_prod_without() -> None:
    """At equal service: what viewers read stays where it is."""
    assert cost.estimate(resources_of(declare_graph("prod")), cost.usage(studies=5000.0)).total <= 0.65 * 477.50


def test_the_picture_has_every_part_and_every_class(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    picture = tmp_path / "cost.svg"

    assert cost.main(["--stack", "prod", "--plot", str(picture)]) == 0
    drawn = ElementTree.fromstring(picture.read_text())

    labels = " ".join(text.text or "" for text in drawn.iter("{http://www.w3.org/2000/svg}text"))
    assert all(name in labels for name in ("raw store", "study job", "everything else", "standard", "archive"))
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}polyline"))) == 9
    assert cost.main(["--stack", "prod", "--plot", str(tmp_path / "none" / "cost.svg")]) == 2
    assert "No such file" in capsys.readouterr().err


def test_a_cheaper_class_costs_less_in_all_where_studies_are_many() -> None:
    prod, use = resources_of(declare_graph("prod")), cost.usage(studies=100_000.0)
    totals = [cost.estimate(prod, use, name).total for name in ("standard", "nearline", "coldline", "archive")]
    assert totals == sorted(totals, reverse=True)


def test_the_smoke_store_is_empty() -> None:
    assert total(made(STORE, "smoke", name="smoke")) == 0


def test_the_job_costs_its_work_and_its_idle_starts() -> None:
    limits = {"cpu": "2", "memory": "4Gi"}
    template = {"taskCount": 3, "template": {"containers": [{"resources": {"limits": limits}}]}}
    use = {
        "studies": 600.0,
        "new_share": 0.1,
        "job_minutes_per_study": 5.0,
        "idle_seconds_per_start": 10.0,
        "job_requests_per_study": 1000.0,
    }

    found = total(made(JOB, template=template), made(SCHEDULE, schedule="0 * * * *"), **use)

    # 60 studies of 300 s; 730 starts of 3 tasks of 10 s; 2 vCPU at 0.000018, 4 GiB at 0.000002; the schedule 0.10.
    seconds = 60 * 300 + 730 * 3 * 10
    asked = 60 * 1000 * 0.0000039
    assert found == pytest.approx(seconds * 2 * 0.000018 + seconds * 4 * 0.000002 + asked + 0.10)
    assert found == pytest.approx(2.0896)


def test_a_sweep_costs_a_look_at_every_study_and_is_no_idle_start() -> None:
    limits = {"cpu": "1", "memory": "1Gi"}
    job = made(JOB, template={"taskCount": 1, "template": {"containers": [{"resources": {"limits": limits}}]}})
    body = base64.b64encode(b'{"overrides": {"containerOverrides": [{"args": ["--sweep"]}]}}').decode()
    sweep = made(SCHEDULE, schedule="0 2 1 * *", httpTarget={"uri": "https://run/v2/job:run", "body": body})
    use = {"studies": 1000.0, "new_share": 0.0, "sweep_seconds_per_study": 0.5}

    assert total(job, sweep, **use) == pytest.approx(500 * 0.000020 + 1000 * (0.0000069 + 0.0000039) + 0.10)


def test_a_secret_costs_a_version_in_each_place_and_its_reminders() -> None:
    places = {"userManaged": {"replicas": [{"location": "a"}, {"location": "b"}]}}

    assert total(made(SECRET, replication=places)) == pytest.approx(0.12)
    assert total(made(SECRET, replication={"auto": {}}, rotation={"period": "1s"})) == pytest.approx(0.06 + 0.05 / 3)


def test_logs_cost_their_arrival_and_what_is_kept_longer_than_a_month() -> None:
    # 1024 requests of 1024 KiB: 1 GiB a month; 120 days keep three months beyond the first.
    use = {"studies": 1.0, "views_per_study": 1.0, "tiles_per_view": 1020.0, "searches_per_view": 4.0,
           "audit_kib_per_request": 1024.0}  # fmt: skip

    assert total(made(LOGS, retentionDays=120), **use) == pytest.approx(0.5 + 3 * 0.01)
    assert total(made(LOGS, retentionDays=30), **use) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("schedule", "starts"),
    [("0 * * * *", 730), ("*/15 * * * *", 2920), ("0 6 * * 1", 52 / 12), ("30 2 1 * *", 1), ("0 0 1 1 *", 1 / 12)],
)
def test_a_schedule_comes_due_so_often_in_a_month(schedule: str, starts: float) -> None:
    assert starts_a_month(schedule) == pytest.approx(starts)


@pytest.mark.parametrize(("memory", "size"), [("512Mi", 0.5), ("4Gi", 4), ("1G", 1e9 / 2**30)])
def test_memory_is_read_as_cloud_run_reads_it(memory: str, size: float) -> None:
    assert gib(memory) == pytest.approx(size)


@pytest.mark.parametrize("stack", ["local", "dev", "prod"])
def test_every_resource_has_a_price_is_free_or_is_named(stack: str) -> None:
    found = cost.estimate(resources_of(declare_graph(stack)), cost.usage())

    assert found.total > 0
    assert {name.rpartition("(")[2].rstrip(")") for name in found.unknown} <= {
        "AlertPolicy", "CustomService", "Dashboard", "Metric", "NotificationChannel", "Slo", "UptimeCheckConfig",
    }  # fmt: skip


def test_what_viewers_read_costs_more_than_what_only_the_job_reads() -> None:
    found = cost.estimate(resources_of(declare_graph("prod")), cost.usage()).by_resource()

    assert found["archive-viewer"] > found["archive-raw"] > 0


def test_the_difference_names_what_costs_otherwise_by_a_cent_or_more() -> None:
    before = [made(STORE, "raw", name="raw"), made(SECRET, "kept")]
    after = [made(STORE, "raw", name="raw"), made(STORE, "viewer", name="viewer"), made(SECRET, "kept")]

    found = cost.difference(before, after, cost.usage())

    assert [name for name, _, _ in found] == ["raw", "viewer"]
    assert cost.difference(after, after, cost.usage()) == []


def test_each_price_and_assumption_says_where_it_is_from() -> None:
    for key, entry in cost.table()["prices"].items():
        assert set(entry) == {"usd", "unit", "units", "region", "kind", "read", "source"}, key
        assert entry["kind"] in ("list", "assumption")
        assert entry["source"]
        assert entry["usd"] > 0
    for name, entry in cost.table()["usage"].items():
        assert set(entry) - {"measured"} == {"value", "unit", "why"}, name


def test_the_command_prints_the_assumptions_and_refuses_unknown_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert cost.main(["--stack", "local", "--studies", "5", "--assume", "gib_per_study=7"]) == 0
    said = capsys.readouterr().out
    assert "- studies: 5 studies stored" in said
    assert "- gib_per_study: 7 GiB" in said
    assert "| **total** |" in said

    assert cost.main(["--stack", "local", "--assume", "gb=7"]) == 2
    assert "no such assumption: gb" in capsys.readouterr().err
    assert cost.main(["--stack", "local", "--assume", "studies", "--assume", "studies=many"]) == 2
    assert capsys.readouterr().err == (
        "cost: --assume studies: give it as NAME=NUMBER, such as --assume gib_per_study=3\n"
    )
    assert cost.main(["--stack", "local", "--studies", "-5"]) == 2
    assert "studies must be a number of 0 or more" in capsys.readouterr().err


def test_the_command_loads_nothing_that_it_does_not_need() -> None:
    """It is to answer within two seconds, most of which are Pulumi's and the provider's own modules."""
    program = (
        "import sys, gc; from ops.__main__ import main; code = main(['cost', '--stack', 'prod']); "
        "print('loaded:', *sys.modules, file=sys.stderr); sys.exit(code or not gc.isenabled())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.rpartition("loaded:")[2].split())
    assert "ops.review.cost" in loaded
    assert loaded.isdisjoint({"pulumi_docker", "aiohttp", "pydicom", "numpy", "requests", "rich", "pytest"})


def test_amounts_and_prices_read_as_words_and_decimals() -> None:
    use = cost.usage(studies=1_000_000, message_kib=0.001)
    found = cost.estimate(resources_of(declare_graph("local")), use)

    said = cost.in_words(found, use)

    assert "- studies: 1,000,000 studies stored" in said
    assert "- storage.write: USD 0.000005 per class A operation, single region" in said
    assert "| vault-github-token | one active version | 1 month of an active version in one location | 0.06 |" in said
    assert " per month of an active version in one location, all" in said
    assert "| archive-raw | metadata | 2,000 GiB-months |" in said
    assert not re.search(r"\d(e[-+]\d)| a [aeiou]\w+ (version|step)", said)


def test_small_amounts_keep_three_figures_without_an_exponent() -> None:
    assert [decimal(number, 3) for number in (0, 1, 0.00000261234, 17.84)] == ["0", "1", "0.00000261", "17.8"]


@pytest.mark.parametrize(
    ("type_", "key", "value"),
    [(JOB, "template", UNKNOWN), (SECRET, "replication", SECRET_VALUE), (SCHEDULE, "schedule", UNKNOWN)],
)
def test_what_a_plan_does_not_tell_yet_is_no_difference_in_cost(type_: str, key: str, value: str) -> None:
    limits = {"cpu": "2", "memory": "4Gi"}
    known = {"template": {"template": {"containers": [{"resources": {"limits": limits}}]}}, "schedule": "0 * * * *"}
    before, after = made(type_, **known), made(type_, **known | {key: value})

    assert cost.difference([before], [after], cost.usage()) == []
    assert cost.estimate([after], cost.usage()).unknown == ()


def test_a_wrong_value_that_is_known_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match="five"):
        cost.estimate([made(SCHEDULE, schedule="often")], cost.usage())
