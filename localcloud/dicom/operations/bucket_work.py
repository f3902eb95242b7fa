"""What imports and exports share: a long-running operation of a store, carried out by Google's agent on a bucket."""

from __future__ import annotations

from localcloud.cloud import Cloud
from localcloud.control.call import Call
from localcloud.dicom.access import HOST
from localcloud.errors import ApiError


def begin(cloud: Cloud, call: Call, store: str, method: str) -> str:
    """Name of a new operation beside the store; `method` is Google's, such as `ImportDicomData`."""
    version = call.method_id.partition(":")[0].rpartition(".")[2]
    return cloud.operations.new(
        HOST,
        store.rsplit("/dicomStores/", 1)[0],
        {
            "@type": f"type.googleapis.com/google.cloud.healthcare.{version}.OperationMetadata",
            "apiMethodName": f"google.cloud.healthcare.{version}.dicom.DicomService.{method}",
        },
    )


def require(cloud: Cloud, permission: str, bucket: str, role: str) -> None:
    """`ApiError` 403 unless the service agent has the permission on the bucket; `role` is what would give it."""
    agent = cloud.service_agent("gcp-sa-healthcare")
    place = f"//storage.googleapis.com/projects/_/buckets/{bucket}"
    if not cloud.iam.is_allowed(f"serviceAccount:{agent}", permission, place):
        raise ApiError(
            403,
            f"the Cloud Healthcare service agent {agent} lacks permission {permission} on bucket {bucket} (or the "
            f"bucket does not exist): grant it {role} on the bucket.",
        )
