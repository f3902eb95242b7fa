"""Starts another execution of this job: `jobs.run` of Cloud Run's API, v2, with a number of tasks."""

from __future__ import annotations

import requests

from ..errors import SeriesFailed

TIMEOUT = (10.0, 60.0)


def start_tasks(session: requests.Session, job_url: str, count: int) -> str:
    """Name of the execution. Raises SeriesFailed. Never repeated: an answer that is lost may have started it."""
    try:
        answer = session.post(f"{job_url}:run", json={"overrides": {"taskCount": count}}, timeout=TIMEOUT)
        if answer.status_code == 403:
            raise SeriesFailed("the job's service account needs run.jobs.runWithOverrides on the job itself")
        if not answer.ok:
            raise SeriesFailed(f"Cloud Run answered {answer.status_code}")
        return str(answer.json().get("metadata", {}).get("name", ""))
    except (requests.RequestException, ValueError, AttributeError) as error:
        raise SeriesFailed(f"Cloud Run gave no answer ({type(error).__name__})") from None
