"""What a Cloud Run job leaves behind however it ends: its log, and no process."""

from __future__ import annotations

import psutil
import pytest

from localcloud.runner import execution as execution_module
from tests.localcloud.services.runner_jobs import JOB, RUN, Jobs

STUBBORN = """
import signal, subprocess
signal.signal(signal.SIGTERM, lambda *_: (print('asked to stop'), sys.exit(0)))
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])
print('pids', os.getpid(), child.pid)
time.sleep(300)
"""


def started(jobs: Jobs) -> list[int]:
    line = jobs.until(lambda: "pids" in jobs.log() and jobs.log())
    return [int(pid) for pid in line.partition("pids ")[2].split()[:2]]


def gone(pids: list[int]) -> bool:
    return not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids)


def test_a_cancelled_execution_is_asked_to_stop_and_leaves_no_process(jobs: Jobs) -> None:
    jobs.declare(STUBBORN)
    operation = jobs.start()
    pids = started(jobs)
    [execution] = jobs.executions()
    assert execution["runningCount"] == 1

    jobs.api.call("POST", f"{RUN}/{execution['name']}:cancel", {})

    assert "cancelled" in jobs.ended(operation)["error"]["message"]
    assert "asked to stop" in jobs.log()
    assert gone(pids)
    assert jobs.executions()[0]["cancelledCount"] == 1
    status = jobs.api.call("GET", f"{RUN}/{JOB}")["latestCreatedExecution"]["completionStatus"]
    assert status == "EXECUTION_CANCELLED"


def test_deleting_the_job_ends_what_runs(jobs: Jobs) -> None:
    jobs.declare(STUBBORN)
    jobs.start()
    pids = started(jobs)

    jobs.api.call("DELETE", f"{RUN}/{JOB}")

    jobs.until(lambda: gone(pids))
    assert jobs.api.raw("GET", f"{RUN}/{JOB}").status_code == 404


def test_children_that_outlive_their_parent_are_ended_too(jobs: Jobs) -> None:
    jobs.declare(
        "import subprocess\n"
        "c = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])\n"
        "print('pids', os.getpid(), c.pid)"
    )

    operation = jobs.run()

    assert "error" not in operation
    assert gone(started(jobs))


def test_an_execution_whose_log_cannot_be_written_still_ends_as_failed(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.declare("print('x')")
    in_the_way = jobs.api.parts.cloud.data / "a-file"
    in_the_way.write_text("in the way")
    monkeypatch.setattr(execution_module, "log_path", lambda cloud, execution: in_the_way / "x.log")

    operation = jobs.run()

    assert "the log cannot be written: " in operation["error"]["message"]
    [execution] = jobs.executions()
    assert execution["conditions"][0]["state"] == "CONDITION_FAILED"


def test_a_finished_execution_leaves_only_its_log(jobs: Jobs) -> None:
    jobs.declare("print('x')")

    jobs.run()

    folder = jobs.api.parts.cloud.data / "executions"
    jobs.until(lambda: not list(folder.iterdir()))
    assert "x" in jobs.log()
