"""A Cloud Storage prefix into the store: its own import operation, followed to the end.

An operation that is done may have failed on every file, so success is its counters; the reasons are in Cloud Logging.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import requests

from ops.client.http import TIMEOUT
from ops.client.stow import refusal
from ops.load.outcome import CannotLoad, Outcome, Verdict
from ops.load.target import LoadTarget

LOG_PAGE = 1000


@dataclass(frozen=True)
class Counters:
    """Files of the operation, as far as it is."""

    pending: int = 0
    success: int = 0
    failure: int = 0


@dataclass
class BulkImport:
    """Imports into `target.store`. `poll_seconds` lie between two looks at the operation."""

    target: LoadTarget
    session: requests.Session
    sleep: Callable[[float], None]
    poll_seconds: float = 5.0

    def run(self, source: str, progress: Callable[[Counters], None]) -> tuple[Counters, list[Outcome]]:
        """Imports `source` (gs://bucket/prefix) to the end; returns counters and the files that failed."""
        operation = self._start(uri(source))
        while not operation.get("done"):
            progress(counters(operation))
            self.sleep(self.poll_seconds)
            operation = self._get(operation["name"])
        final = counters(operation)
        progress(final)
        failures: list[Outcome] = []
        if "error" in operation:
            said = f"the import ended with an error (code {operation['error'].get('code')}): {hint(source)}"
            failures.append(Outcome(source, Verdict.REFUSED, reason=said))
        if final.failure:
            failures += self._reasons(operation, final.failure)
        if not failures and not final.success:
            failures.append(
                Outcome(source, Verdict.REFUSED, reason=f"no file was imported: nothing there? {hint(source)}")
            )
        return final, failures

    def _start(self, source: str) -> dict[str, Any]:
        url = f"{self.target.healthcare}v1/{self.target.store}:import"
        response = self._call("POST", url, {"gcsSource": {"uri": source}})
        if response.status_code in (401, 403):
            said = refusal(response, self.target.store, "import", "healthcare.dicomStores.import")
            raise CannotLoad(f"{said}. {hint(source)}")
        if not response.ok:
            why = f"{response.status_code}: {explanation(response)}"
            raise CannotLoad(f"the import of {source} was not accepted ({why}). {hint(source)}")
        return response.json()

    def _get(self, name: str) -> dict[str, Any]:
        response = self._call("GET", f"{self.target.healthcare}v1/{name}")
        if response.status_code in (401, 403):
            raise CannotLoad(
                f"the import runs as {name}, but there is no permission to follow it: "
                "it takes healthcare.operations.get on the dataset"
            )
        if not response.ok:
            raise CannotLoad(f"the import runs as {name}, but following it failed ({response.status_code}): look there")
        return response.json()

    def _call(self, method: str, url: str, body: Any = None) -> requests.Response:
        try:
            return self.session.request(method, url, json=body, timeout=TIMEOUT)
        except requests.RequestException as error:
            raise CannotLoad(f"{url} could not be reached ({type(error).__name__}): run again") from None

    def _reasons(self, operation: dict[str, Any], failures: int) -> list[Outcome]:
        """The files that failed, from the operation's error log; one outcome for all that the log does not name."""
        named = list(self._log(operation["name"].rsplit("/", 1)[-1]))
        unnamed = failures - len(named)
        if unnamed > 0:
            where = operation.get("metadata", {}).get("logsUrl") or "Cloud Logging"
            files = "1 file" if unnamed == 1 else f"{unnamed} files"
            said = f"{files} failed, and why is in {where} (reading it from here takes logging.logEntries.list)"
            named.append(Outcome(operation["name"], Verdict.REFUSED, reason=said))
        return named

    def _log(self, operation: str) -> Iterator[Outcome]:
        body: dict[str, Any] = {
            "resourceNames": [f"projects/{self.target.project}"],
            "filter": f'resource.type="healthcare_dicom_store" AND operation.id:"{operation}" AND severity>=ERROR',
            "pageSize": LOG_PAGE,
        }
        while True:
            response = self._call("POST", f"{self.target.logging}v2/entries:list", body)
            if not response.ok:
                return
            page = response.json()
            for entry in page.get("entries", []):
                payload: dict[str, Any] = entry.get("jsonPayload", {})
                if payload.get("source"):
                    reason = payload.get("error", {}).get("message") or "no reason given"
                    yield Outcome(payload["source"], Verdict.REFUSED, reason=reason)
            if not page.get("nextPageToken"):
                return
            body["pageToken"] = page["nextPageToken"]


def uri(source: str) -> str:
    """`gs://bucket/prefix` as the API wants it; one that has a wildcard or names a file is left as it is."""
    if not re.fullmatch(r"gs://[^/*?]+(/.*)?", source):
        raise CannotLoad(f"{source} must look like gs://bucket/prefix")
    if "*" in source or "?" in source or source.endswith(".dcm"):
        return source
    return source.rstrip("/") + "/**"


def explanation(response: requests.Response) -> str:
    """Google's own words on why it refused."""
    try:
        return response.json()["error"]["message"].rstrip(".")
    except (ValueError, LookupError, TypeError, AttributeError):
        return "no reason given"


def hint(source: str) -> str:
    bucket = source.removeprefix("gs://").split("/")[0]
    return f"The store's agent must be able to read the bucket: add {bucket} to importBuckets in the stack's settings"


def counters(operation: dict[str, Any]) -> Counters:
    counter: dict[str, Any] = operation.get("metadata", {}).get("counter", {})
    return Counters(*(int(counter.get(key, 0)) for key in ("pending", "success", "failure")))
