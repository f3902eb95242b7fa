"""`python -m prepare`: wires the parts together, and turns what happened into an exit code."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from types import FrameType

import google.auth
from google.auth.exceptions import GoogleAuthError
from requests.adapters import HTTPAdapter

from .backlog.deliveries import DeliveryLedger
from .backlog.records import Records
from .backlog.shared_pace import SharedPace
from .backlog.staging import BucketStage
from .backlog.storage_moves import MoveRecords
from .backlog.study_leases import StudyLeases
from .backlog.subscription import Subscription
from .backlog.work_items import WorkBacklog
from .clock import Clock
from .dicomweb.storage_class import is_done, set_storage_class
from .dicomweb.store import IN_FLIGHT, DicomStore
from .errors import CannotRun, Terminated
from .execution.archiving import Archivist
from .execution.copying import Deliverer
from .execution.executor import Executor
from .execution.job_start import start_tasks
from .execution.making import InstanceMaker
from .execution.preparation import Preparation
from .execution.runner import JobRunner
from .execution.scale_out import ScaleOut
from .http.budget import MOST_REQUESTS, BudgetedAdapter, RateBudget
from .http.retry import Repeater, RetryingAdapter, RetryPolicy, Traffic
from .http.session import authorized
from .log import Log, hush_libraries
from .pixels.frames import FrameReader
from .planning.planner import Options
from .reports.outcome import explain
from .reports.screen import log_for, plan_table
from .settings import JobSettings, load

DONE, SOME_FAILED, COULD_NOT_RUN, TERMINATED = 0, 2, 3, 143
SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    hush_libraries()
    signal.signal(signal.SIGTERM, _terminate)
    log = Log(sys.stderr)
    try:
        settings = load(arguments, environment)
        fixed = {"execution": settings.execution, "task": settings.task_index} if settings.execution else {}
        to_stderr = settings.json or settings.dry_run
        log = log_for(sys.stderr if to_stderr else sys.stdout, fixed)
        return run(settings, log)
    except CannotRun as error:
        log.line("ERROR", str(error))
        return COULD_NOT_RUN
    except GoogleAuthError as error:
        log.line(
            "ERROR",
            f"no usable Google credentials ({type(error).__name__}): run on Cloud Run, "
            "or call gcloud auth application-default login first",
        )
        return COULD_NOT_RUN
    except Exception as error:  # the backlog itself (subscription, bucket) did not answer, or a defect
        log.line("ERROR", explain(error))
        return COULD_NOT_RUN
    except (Terminated, KeyboardInterrupt) as error:
        log.line("WARNING", "ended before all was done: nothing is half-written, the next run resumes")
        return TERMINATED if isinstance(error, Terminated) else 130


def run(settings: JobSettings, log: Log) -> int:
    clock = Clock()
    traffic = Traffic()
    policy = RetryPolicy(deadline_seconds=settings.retry_deadline_seconds)
    credentials, _ = google.auth.default(scopes=SCOPES)
    session = authorized(credentials)
    for scheme in ("https://", "http://"):
        session.mount(scheme, RetryingAdapter(HTTPAdapter(pool_maxsize=IN_FLIGHT), policy, clock, traffic=traffic))
    store = DicomStore(settings.dicomweb_root, session)
    viewers = DicomStore(settings.viewer_dicomweb_root, session)
    records = Records(settings.records_bucket, settings.storage_endpoint, credentials, session)
    holder = f"{settings.execution}/{settings.task_index}"
    leases = StudyLeases(records, holder, clock) if settings.execution else None
    shared = None
    if leases is not None and settings.most_tasks > 1:
        held = leases.held
        shared = SharedPace(records, lambda: max(settings.task_count, held()), clock)
    budget = RateBudget(clock, MOST_REQUESTS / settings.task_count, shared)  # the quota is of both stores together
    for root in (settings.dicomweb_root, settings.viewer_dicomweb_root):
        paced = BudgetedAdapter(HTTPAdapter(pool_maxsize=IN_FLIGHT), budget)
        session.mount(root, RetryingAdapter(paced, policy, clock, traffic=traffic))
    staged = Records(settings.staged_bucket, settings.storage_endpoint, credentials, session)
    # A store that is its own viewers' one (the smoke test's) is the archive of its images: nothing ever goes from it.
    ledger = DeliveryLedger(records) if viewers.root != store.root else None
    moves = archivist = None
    if ledger is not None and settings.raw_storage_class != "standard":
        moves = MoveRecords(records, settings.raw_storage_class, settings.raw_storage_after_days)
        archivist = Archivist(moves, partial(set_storage_class, store), partial(is_done, store), clock, log)
    preparation = Preparation(
        store=store,
        records=records,
        clock=clock,
        traffic=traffic,
        viewer_url=settings.viewer_url,
        execution=settings.execution,
        dry_run=settings.dry_run,
        options=Options(settings.label_policy),
        executor=Executor(store, Deliverer(viewers, traffic, Repeater(policy, clock)), ledger, clock),
        moves=moves,
        task_maker=InstanceMaker(store, FrameReader(session, store.root, clock, policy), BucketStage(staged)),
    )
    runner = JobRunner(preparation, log, clock, settings, archivist=archivist, leases=leases)
    if settings.job_url and settings.most_tasks > 1 and leases is not None:
        session.mount(settings.job_url, HTTPAdapter())  # a start is not repeated: it may have been heard
        start = partial(start_tasks, session, settings.job_url)
        own, most = settings.task_count, settings.most_tasks
        runner.scale_out = ScaleOut(records, leases, start, clock, log, settings.execution, own, most)
    backlog = None
    if settings.backlog_subscription:
        source = Subscription(settings.backlog_subscription, settings.pubsub_endpoint, session)
        backlog = WorkBacklog(records, source, store.name)
    if settings.sweep:
        runner.sweep(backlog)
    elif settings.from_backlog and backlog is not None:
        runner.restore_backlog(backlog)
        runner.work_off_backlog(backlog)
    else:
        runner.prepare_named(settings.studies, settings.series)
    failed = [outcome for outcome in runner.outcomes if outcome.status == "failed"]
    exit_code = SOME_FAILED if failed else DONE
    if settings.json:
        reports = [
            {
                "study": outcome.study,
                "series": outcome.series,
                "status": outcome.status,
                "reason": outcome.reason,
                "report": outcome.document,
            }
            for outcome in runner.outcomes
        ]
        print(json.dumps({"schema_version": 1, "exit_code": exit_code, "series": reports}, indent=1))
    elif settings.dry_run:
        print(plan_table(runner.outcomes))
    return exit_code


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    raise Terminated


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], os.environ))
