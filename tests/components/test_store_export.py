from __future__ import annotations

import base64
import json
from typing import Any

import pulumi_gcp as gcp

from components.store_export import StoreExport, StoreExportArgs
from tests.components.looking import children, inputs, node
from tests.harness import Deploy, Graph

STORE = "projects/dicom-local/locations/europe-west4/datasets/d/dicomStores/raw"
AGENT = "serviceAccount:service-123456789012@gcp-sa-healthcare.iam.gserviceaccount.com"


def export(deploy: Deploy, **changes: Any) -> Graph:
    given: dict[str, Any] = {
        "project": "dicom-local",
        "location": "europe-west4",
        "bucket": "dicom-local-copies",
        "store": STORE,
        "healthcare_endpoint": "https://healthcare.googleapis.com/",
        "healthcare_agent": AGENT,
        "schedule": "0 3 * * 0",
        "keep_old_versions_days": 35,
        "protected": True,
        "labels": {"app": "x"},
    }

    def program() -> None:
        account = gcp.serviceaccount.Account("exporter", account_id="exporter-of-tests")
        StoreExport("export", StoreExportArgs(**{**given, "exporter": account.email, **changes}))

    return deploy(program)


def test_it_declares_a_bucket_its_writer_and_a_schedule(deploy: Deploy) -> None:
    assert children(export(deploy), "export") == {
        "export-bucket": "storage/bucket:Bucket",
        "export-written": "storage/bucketIAMMember:BucketIAMMember",
        "export-schedule": "cloudscheduler/job:Job",
    }


def test_the_schedule_asks_for_an_export_to_the_bucket_as_the_exporter(deploy: Deploy) -> None:
    target = inputs(export(deploy), "export-schedule")["httpTarget"]

    assert target["uri"] == f"https://healthcare.googleapis.com/v1/{STORE}:export"
    assert json.loads(base64.b64decode(target["body"])) == {
        "gcsDestination": {"uriPrefix": "gs://dicom-local-copies/raw"}
    }
    assert target["oauthToken"]["serviceAccountEmail"].startswith("exporter-of-tests@")


def test_the_copy_is_private_keeps_what_vanished_and_cannot_be_lost(deploy: Deploy) -> None:
    graph = export(deploy)
    bucket = inputs(graph, "export-bucket")

    assert bucket["publicAccessPrevention"] == "enforced"
    assert bucket["versioning"] == {"enabled": True}
    assert bucket["lifecycleRules"][0]["condition"] == {"daysSinceNoncurrentTime": 35}
    assert bucket["deletionPolicy"] == "PREVENT"
    assert node(graph, "export-bucket").protect


def test_only_googles_agent_writes_there(deploy: Deploy) -> None:
    written = inputs(export(deploy), "export-written")

    assert (written["member"], written["role"]) == (AGENT, "roles/storage.objectAdmin")
