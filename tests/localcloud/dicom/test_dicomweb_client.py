"""dicomweb-client 0.61, the Python reference client, against the store: search, retrieve, store, delete."""

from __future__ import annotations

import io

import numpy as np
import pydicom
import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from PIL import Image
from pydicom.dataset import Dataset

from tests.localcloud.dicom.support import Served, encapsulated, encode, instance_path, slide, uid

JPEG = "1.2.840.10008.1.2.4.50"


def tile(shade: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.full((8, 8), shade, np.uint8)).save(out, "JPEG")
    return out.getvalue() + b"\0" * (len(out.getvalue()) % 2)


@pytest.fixture
def client(served: Served) -> DICOMwebClient:
    session = requests.Session()
    session.headers.update(served.token())
    return DICOMwebClient(served.root, session=session)


@pytest.fixture
def stored(client: DICOMwebClient) -> list[Dataset]:
    study, series = uid(), uid()
    slides = [filed(encapsulated(slide(samples=1), JPEG, [tile(20 + n), tile(120 + n)])) for n in range(2)]
    for ds in slides:
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
    answer = client.store_instances(slides)
    assert len(answer.ReferencedSOPSequence) == 2
    return slides


def filed(ds: Dataset) -> Dataset:
    """The data set as read from a file: the client writes the preamble of PS3.10 only when there was one."""
    return pydicom.dcmread(io.BytesIO(encode(ds)))


def uids(ds: Dataset) -> tuple[str, str, str]:
    return ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID


def test_searches_at_each_level(client: DICOMwebClient, stored: list[Dataset]) -> None:
    study, series, instance = uids(stored[0])

    assert len(client.search_for_studies(search_filters={"PatientID": "SYN-1"}, fields=["StudyDescription"])) == 1
    assert len(client.search_for_studies(search_filters={"PatientName": "syn"}, fuzzymatching=True)) == 1
    assert client.search_for_studies(search_filters={"PatientID": "nobody"}) == []
    assert len(client.search_for_series(study)) == 1
    assert len(client.search_for_instances(study, series)) == 2
    assert len(client.search_for_instances(search_filters={"SOPInstanceUID": instance}, limit=5)) == 1
    assert len(client.search_for_instances(study, get_remaining=True, limit=1)) == 2


def test_retrieves_files_as_stored_and_decoded(client: DICOMwebClient, stored: list[Dataset]) -> None:
    study, series, instance = uids(stored[0])
    as_stored = (("application/dicom", "*"),)

    assert client.retrieve_instance(study, series, instance, media_types=as_stored) == stored[0]
    assert len(client.retrieve_study(study, media_types=as_stored)) == 2
    assert len(list(client.iter_series(study, series, media_types=as_stored))) == 2
    explicit = (("application/dicom", "1.2.840.10008.1.2.1"),)
    decoded = client.retrieve_instance(study, series, instance, media_types=explicit)
    assert decoded.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert np.array_equal(decoded.pixel_array, stored[0].pixel_array)


def test_retrieves_metadata_frames_and_rendered(client: DICOMwebClient, stored: list[Dataset]) -> None:
    study, series, instance = uids(stored[1])

    assert len(client.retrieve_study_metadata(study)) == 2
    assert client.retrieve_instance_metadata(study, series, instance)["00080018"]["Value"] == [instance]
    for media_types in ((("image/jpeg", JPEG),), (("application/octet-stream", "*"),), ("image/jpeg",)):
        frames = client.retrieve_instance_frames(study, series, instance, [2, 1], media_types=media_types)
        assert [bytes(frame) for frame in frames] == [tile(121), tile(21)]
    (raw,) = client.retrieve_instance_frames(study, series, instance, [1])
    assert bytes(raw) == stored[1].pixel_array[0].tobytes()
    for media_type, form in (("image/jpeg", "JPEG"), ("image/png", "PNG")):
        rendered = client.retrieve_instance_rendered(study, series, instance, media_types=(media_type,))
        assert Image.open(io.BytesIO(rendered)).format == form
    frame = client.retrieve_instance_frames_rendered(study, series, instance, [2], media_types=("image/png",))
    assert Image.open(io.BytesIO(frame)).size == (8, 8)


def test_retrieves_bulk_data(client: DICOMwebClient, served: Served) -> None:
    ds = slide()
    path = Dataset()
    path.ICCProfile = b"profile!" * 100
    ds.OpticalPathSequence = [path]
    client.store_instances([filed(ds)])

    uri = client.retrieve_instance_metadata(*uids(ds))["00480105"]["Value"][0]["00282000"]["BulkDataURI"]

    assert [bytes(one) for one in client.retrieve_bulkdata(uri)] == [path.ICCProfile]


def test_stores_in_chunks_and_is_told_of_duplicates(client: DICOMwebClient, served: Served) -> None:
    ds = filed(slide(frames=4, side=1024))  # above the client's chunk size: chunked transfer encoding
    client.store_instances([ds], study_instance_uid=ds.StudyInstanceUID)

    assert served.get(instance_path(ds), "application/dicom; transfer-syntax=*").content == encode(ds)
    with pytest.raises(requests.HTTPError, match="409"):
        client.store_instances([ds])


def test_deletes_at_each_level(client: DICOMwebClient, stored: list[Dataset]) -> None:
    study, series, instance = uids(stored[0])

    client.delete_instance(study, series, instance)
    assert len(client.search_for_instances(study)) == 1
    client.delete_series(study, series)
    assert client.search_for_series(study) == []
    with pytest.raises(requests.HTTPError, match="404"):
        client.delete_study(study)
