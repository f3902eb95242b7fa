"""The DICOM store through DICOMweb: what there is (QIDO), what it says of itself (metadata), single frames.

Owns the translation of refusals into sentences. Retrying and tokens are the session's business.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any, cast

import requests
from dicomweb_client.web import DICOMwebClient
from pydicom.filereader import read_partial

from ..errors import CannotRun, Gone, SeriesFailed
from ..model.metadata import Json, Row, text
from ..pixels.errors import readable
from ..pixels.frames import NO_SUCH_FRAME

PAGE = 5000
"""Instances asked for at a time; Google sends at most 50,000 and says nothing when it cuts."""
VIEWER_ACCEPT = (("application/octet-stream", "*"),)
"""What the viewer's engine asks frames as: the bytes as they are stored."""
TIMEOUT = (10.0, 600.0)
"""Seconds to connect, and between two reads (dicomweb-client's own 20 s are less than a busy store needs)."""
IN_FLIGHT = 8
"""Requests at once while a series is looked at; it has about as many levels, and each is asked once or twice."""
DELETION_WAITS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, *(3.0,) * 100)
"""Seconds between looks at a deletion that is under way: five minutes in all."""
COUNT = "NumberOfStudyRelatedInstances"
HEAD = 4096
"""Bytes of an instance that surely hold its file meta information."""


class DicomStore:
    """One DICOM store at `root` (…/dicomStores/S/dicomWeb)."""

    def __init__(self, root: str, session: requests.Session, sleep: Callable[[float], None] = time.sleep) -> None:
        self.root = root.rstrip("/")
        self.session = session
        self._sleep = sleep
        self._client = DICOMwebClient(self.root, session=session, timeout=TIMEOUT)
        self._client.set_http_retry_params(retry=False)

    @property
    def name(self) -> str:
        """`projects/P/locations/L/datasets/D/dicomStores/S` where the root is Google's, else the root."""
        start, end = self.root.find("projects/"), self.root.rfind("/dicomWeb")
        return self.root[start:end] if 0 <= start < end else self.root

    def instances(self, study: str) -> list[Row]:
        """Every instance of the study, in the store's order. Raises Gone when there is none."""
        rows: list[Row] = []
        with self._explain(f"study {study}"):
            while True:
                page = _objects(
                    self._client.search_for_instances(study, limit=PAGE, offset=len(rows), fields=Row.FIELDS)
                )
                rows += map(Row.of, page)
                if len(page) < PAGE:
                    break
        if not rows:
            raise Gone(f"study {study} is not in {self.name}: check the UID and the store")
        return rows

    def slide_studies(self) -> Generator[str]:
        """StudyInstanceUIDs of every study with slides, each once, a page of series at a time."""
        seen: set[str] = set()
        offset = 0
        while True:
            with self._explain("the list of slides"):
                page = cast(
                    "list[Json]",
                    self._client.search_for_series(search_filters={"Modality": "SM"}, limit=PAGE, offset=offset),
                )
            fresh = dict.fromkeys(text(item, "StudyInstanceUID") for item in page)
            yield from (study for study in fresh if study and study not in seen)
            seen |= set(fresh)
            offset += len(page)
            if len(page) < PAGE:
                return

    def study_of(self, series: str) -> str:
        """StudyInstanceUID of a series."""
        with self._explain(f"series {series}"):
            rows = self._client.search_for_series(search_filters={"SeriesInstanceUID": series}, limit=1)
        studies = [item["0020000D"]["Value"][0] for item in cast("list[dict[str, Any]]", rows) if "0020000D" in item]
        if not studies:
            raise Gone(f"series {series} is not in {self.name}: check the UID and the store")
        return str(studies[0])

    def metadata(self, study: str, series: str) -> list[Json]:
        with self._explain(f"series {series} of study {study}"):
            return _objects(self._client.retrieve_series_metadata(study, series))

    def frames(self, study: str, series: str, instance: str, numbers: list[int]) -> dict[int, bytes]:
        """Frames by their numbers (from 1) as the viewer gets them, in one request; those it does not have left out."""
        bodies = self._frames(study, series, instance, numbers)
        if bodies is None and len(numbers) > 1:  # a store refuses all where one is not there
            single = ((number, self._frames(study, series, instance, [number])) for number in numbers)
            return {number: frames[0] for number, frames in single if frames}
        return dict(zip(numbers, bodies or (), strict=False))

    def _frames(self, study: str, series: str, instance: str, numbers: list[int]) -> list[bytes] | None:
        """All of them, or None where the store says that it does not have them."""
        what = f"frame {numbers[0]}" if len(numbers) == 1 else f"frames {numbers[0]} to {numbers[-1]}"
        with self._explain(f"{what} of instance {instance}"):
            try:
                parts = self._client.retrieve_instance_frames(
                    study, series, instance, numbers, media_types=VIEWER_ACCEPT
                )
            except requests.HTTPError as error:
                if error.response.status_code in NO_SUCH_FRAME:
                    return None
                raise
        return parts if len(parts) == len(numbers) else None

    def bulk(self, url: str) -> bytes:
        """A value that metadata tells by reference (BulkDataURI). Raises Gone.

        It is asked for below our own root, whatever host the link names: a store may know itself by another name, and
        nobody else gets our token.
        """
        what = "a value that its metadata refers to"
        at = url.find("/studies/")
        if at < 0 or ".." in url:
            raise Gone(f"{what} is not in {self.name}")
        with self._explain(what):
            parts = self._client.retrieve_bulkdata(self.root + url[at:], media_types=("application/octet-stream",))
            return b"".join(parts)

    def stream(self, path: str, headers: Mapping[str, str], what: str) -> requests.Response:
        """The answer to a GET below the root, its body still to be read (and closed) by the caller."""
        with self._explain(what):
            response = self.session.get(f"{self.root}/{path}", headers=headers, stream=True, timeout=TIMEOUT)
            if not response.ok:
                response.close()
                response.raise_for_status()
        return response

    def stored_bytes(self, study: str, series: str = "") -> int:
        """What the store keeps of a study or series, attributes and pixels; 0 where it does not tell.

        `getStudyMetrics` and `getSeriesMetrics` are Google's own, beside DICOMweb.
        """
        what = f"studies/{study}/series/{series}:getSeriesMetrics" if series else f"studies/{study}:getStudyMetrics"
        return _sum_bytes(self._metrics(f"{self.root}/{what}"))

    def totals(self) -> dict[str, int]:
        """Counts and bytes of the whole store; empty where it does not tell."""
        answer = self._metrics(f"{self.root.removesuffix('/dicomWeb')}:getDICOMStoreMetrics")
        return {key: int(value) for key, value in answer.items() if str(value).isdigit()}

    def _metrics(self, url: str) -> dict[str, Any]:
        if "/dicomStores/" not in self.root:
            return {}
        with self._explain("its sizes"):
            response = self.session.get(url, timeout=TIMEOUT)
            if response.status_code in (403, 404, 405):
                return {}  # nothing is concluded from what is not told
            response.raise_for_status()
            answer = response.json()
        return answer if isinstance(answer, dict) else {}

    def study_counts(self) -> Generator[tuple[str, int]]:
        """Every study with the number of its instances, a page at a time."""
        offset = 0
        while True:
            with self._explain("the list of studies"):
                page = _objects(self._client.search_for_studies(limit=PAGE, offset=offset, fields=(COUNT,)))
            for item in page:
                yield text(item, "StudyInstanceUID"), int(text(item, COUNT) or 0)
            offset += len(page)
            if len(page) < PAGE:
                return

    def delete_series(self, study: str, series: str) -> None:
        """Takes a series away as a whole, and returns when it is gone. Nothing when there is none."""
        self._delete(f"studies/{study}/series/{series}", f"series {series}")

    def delete_instance(self, study: str, series: str, instance: str) -> None:
        """Nothing when there is none."""
        self._delete(f"studies/{study}/series/{series}/instances/{instance}", f"instance {instance}")

    def _delete(self, path: str, what: str) -> None:
        try:
            response = self.session.delete(f"{self.root}/{path}", timeout=TIMEOUT)
            if response.status_code == 404:
                return
            if not response.ok:
                raise self.refusal(what, response.status_code, f"take {what} away", "dicomWebDelete")
            self._wait_for(response)
        except requests.RequestException as error:
            raise SeriesFailed(
                f"{what}: {self.name} did not take it away ({type(error).__name__}); run again"
            ) from None

    def _wait_for(self, response: requests.Response) -> None:
        """Google deletes series by a long-running operation of the dataset, and takes nothing into it meanwhile."""
        try:
            operation = response.json()
        except ValueError:
            return
        name = operation.get("name") if isinstance(operation, dict) else None
        start = self.root.find("projects/")
        if not isinstance(name, str) or start < 0:
            return
        for wait in DELETION_WAITS:
            if operation.get("done"):
                return
            self._sleep(wait)
            answer = self.session.get(f"{self.root[:start]}{name}", timeout=TIMEOUT)
            if not answer.ok:
                return  # without the permission to look, storing says whether it is over
            operation = answer.json()
        raise SeriesFailed(f"{self.name} is still deleting after {sum(DELETION_WAITS):.0f} s; run again")

    def transfer_syntax(self, study: str, series: str, instance: str) -> str:
        """The stored transfer syntax, read from the first bytes of the instance; the connection is then dropped."""
        path = f"studies/{study}/series/{series}/instances/{instance}"
        accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
        with (
            self._explain(f"instance {instance}"),
            self.stream(path, {"Accept": accept}, f"instance {instance}") as response,
        ):
            head = next(response.iter_content(HEAD), b"")
        start = head.find(b"DICM") - 128
        if start < 0:
            raise SeriesFailed(f"instance {instance}: what {self.name} sent does not begin as a DICOM file")
        with readable(f"instance {instance}"):
            meta = read_partial(BytesIO(head[start:]), stop_when=lambda tag, *_: tag.group > 2).file_meta
            return str(meta.TransferSyntaxUID)

    @contextmanager
    def _explain(self, what: str) -> Generator[None]:
        """Turns transport errors into sentences; never passes on text of the server, which may quote attributes."""
        try:
            yield
        except requests.HTTPError as error:
            raise self.refusal(what, error.response.status_code) from None
        except (ValueError, RecursionError):
            raise SeriesFailed(f"{what}: {self.name} answered with something that is not DICOMweb; run again") from None
        except requests.RequestException as error:
            raise SeriesFailed(
                f"{what}: {self.name} could not be reached ({type(error).__name__}); run again"
            ) from None

    def refusal(self, what: str, status: int, doing: str = "", permission: str = "") -> Exception:
        """What an answer means that is no success. Only what is known to be gone is Gone.

        `doing` is what was asked for, such as `take series 1.2 away`, where that takes more than the right to read.
        """
        if status == 401:
            return CannotRun(f"{self.name} does not accept the credentials of this job (401)")
        if status in (403, 404):
            # Google says 403 for both; whether the store lets us search at all tells them apart.
            if not self.may_read():
                return CannotRun(
                    f"no permission to read {self.name} (or it does not exist): the job's service account needs "
                    "healthcare.dicomStores.dicomWebRead on it"
                )
            if status == 403 and doing:
                return CannotRun(
                    f"no permission to {doing} in {self.name}: the job's service account needs "
                    f"healthcare.dicomStores.{permission} on it"
                )
            return Gone(f"{what} is not in {self.name}, or no longer: check the UID and the store")
        return SeriesFailed(f"{what}: {self.name} answered {status}; run again")

    def may_read(self) -> bool:
        accept = {"Accept": "application/dicom+json"}
        return self.session.get(f"{self.root}/studies", params={"limit": "1"}, headers=accept, timeout=TIMEOUT).ok


def _sum_bytes(answer: Mapping[str, Any]) -> int:
    sizes = (str(answer.get(key, "")) for key in ("structuredStorageSizeBytes", "blobStorageSizeBytes"))
    return sum(int(value) for value in sizes if value.isdigit())


def _objects(answer: Any) -> list[Json]:
    """DICOM JSON as PS3.18 F.2 has it. Raises ValueError for another kind of JSON."""
    if not isinstance(answer, list) or not all(isinstance(item, dict) for item in answer):
        raise ValueError("not a list of objects")
    return cast("list[Json]", answer)
