"""A bucket of records: JSON objects, written only when they are as we last saw them (generation preconditions)."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

import requests
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import Forbidden, GoogleAPICallError, NotFound, PreconditionFailed
from google.auth.credentials import Credentials
from google.cloud.storage import Client

from ..errors import CannotRun, Conflict, SeriesFailed

NO_RETRY = cast(Any, None)
"""The session repeats requests; the library (whose annotations do not know that None is allowed) must not."""
ABSENT = 0
"""The generation of an object that does not exist; as a precondition: only if it does not exist."""


class Records:
    """The objects of one bucket."""

    def __init__(self, bucket: str, endpoint: str, credentials: Credentials, session: requests.Session) -> None:
        # Else the library asks, once a process and in a thread of its own, for the bucket's location: a request that
        # nothing here needs, and that takes a permission the job does not have.
        os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
        client = Client(
            project="-",  # only for calls on the project, which we never make
            credentials=credentials,
            _http=session,
            client_options=ClientOptions(
                api_endpoint=endpoint.rstrip("/"),
                universe_domain=credentials.universe_domain,  # the library insists that the two agree
            ),
        )
        self.name = bucket
        self._client = client
        self._bucket = client.bucket(bucket)

    def read(self, name: str) -> tuple[Any, int]:
        """(content, generation) of an object; (None, ABSENT) without one. Content that is not JSON reads as None."""
        blob = self._bucket.blob(name)
        with self._explain(name, "storage.objects.get"):
            try:
                content = blob.download_as_bytes(retry=NO_RETRY)
            except NotFound:
                return None, ABSENT
        generation = int(cast(Any, blob.generation) or 0)
        try:
            return json.loads(content), generation
        except ValueError:
            return None, generation

    def write(self, name: str, content: Any, generation: int) -> int:
        """Writes when the object still has `generation`; returns the new one. Raises Conflict otherwise."""
        blob = self._bucket.blob(name)
        data = json.dumps(content, indent=1, sort_keys=True) + "\n"
        with self._explain(name, "storage.objects.create"):
            blob.upload_from_string(
                data, content_type="application/json", if_generation_match=generation, retry=NO_RETRY
            )
        return int(cast(Any, blob.generation))

    def put_bytes(self, name: str, data: bytes) -> None:
        """Writes, whatever is there."""
        with self._explain(name, "storage.objects.create"):
            self._bucket.blob(name).upload_from_string(data, content_type="application/octet-stream", retry=NO_RETRY)

    def get_bytes(self, name: str) -> bytes:
        with self._explain(name, "storage.objects.get"):
            return self._bucket.blob(name).download_as_bytes(retry=NO_RETRY)

    def delete(self, name: str, generation: int | None) -> None:
        """Deletes the object when it still has `generation` (None: any), else Conflict; without an object: nothing."""
        blob = self._bucket.blob(name)
        with self._explain(name, "storage.objects.delete"):
            try:
                blob.delete(if_generation_match=generation, retry=NO_RETRY)
            except NotFound:
                return

    def names(self, prefix: str, before: str | None = None) -> list[str]:
        """Names that begin with `prefix`; only those that sort before `before`, where that is given."""
        with self._explain(prefix, "storage.objects.list"):
            listed = self._client.list_blobs(self.name, prefix=prefix, end_offset=before, retry=NO_RETRY)
            return sorted(cast(str, blob.name) for blob in listed)

    @contextmanager
    def _explain(self, name: str, permission: str) -> Generator[None]:
        try:
            yield
        except PreconditionFailed:
            raise Conflict(name) from None
        except NotFound:
            raise CannotRun(f"there is no bucket {self.name}, or no {name} in it") from None
        except Forbidden:
            raise CannotRun(
                f"no permission for {name} in bucket {self.name}: the job's service account needs {permission}"
            ) from None
        except (GoogleAPICallError, requests.RequestException) as error:
            raise SeriesFailed(f"object {name} in bucket {self.name}: {type(error).__name__}; run again") from None
