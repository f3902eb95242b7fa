"""What a second release with one changed file costs, against the first: files and bytes uploaded, and time.

The real packages and page, released to the local cloud over HTTP by the code that releases to Firebase. The goal is
exact: one file.
"""

from __future__ import annotations

import gzip
import sys
import tempfile
import time
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[1]
PROJECT = "dicom-local"
CHANGED = "/index.html"
STORE = "/v1/projects/p/locations/l/datasets/d/dicomStores/s/dicomWeb"


def main() -> int:
    from localcloud.cloud import Cloud
    from localcloud.server import running
    from ops.viewer.hosting import HostingApi
    from ops.viewer.release import release
    from viewer.application import Choice, assemble
    from viewer.build import FileSet
    from viewer.config import window_config

    with tempfile.TemporaryDirectory() as folder, running(Cloud(data=Path(folder), project=PROJECT)) as parts:
        cloud = parts.cloud
        endpoint, token = cloud.endpoint("firebasehosting.googleapis.com"), cloud.iam.token(cloud.iam.owner)
        made = requests.post(
            f"{endpoint}v1beta1/projects/{PROJECT}/sites",
            params={"siteId": "viewer"},
            json={},
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
        )
        made.raise_for_status()
        config = window_config(
            dicomweb_root=f"{cloud.endpoint('healthcare.googleapis.com').rstrip('/')}{STORE}",
            client_id="1-a.apps.googleusercontent.com",
            authority=f"{cloud.base}/accounts.google.com",
        )
        files, firebase = assemble("lite", config, Choice())
        changed = FileSet({**files.files, CHANGED: files.files[CHANGED] + b"<!-- changed -->"}, ref=files.ref)
        api = HostingApi(endpoint, f"projects/{PROJECT}/sites/viewer", lambda: token)
        whole = sum(len(gzip.compress(content)) for content in files.files.values())
        took: list[float] = []
        uploads: list[int] = []
        for version in (files, changed, changed):
            started = time.perf_counter()
            uploads.append(release(api, version, firebase).uploaded)
            took.append(time.perf_counter() - started)
    one = len(gzip.compress(changed.files[CHANGED]))
    print(f"first release: {uploads[0]} files, {whole / 1e6:.2f} MB, {took[0]:.2f} s")
    print(f"one changed file: {uploads[1]} file (goal: 1), {one} bytes, {took[1] / took[0]:.2f} of the time")
    print(f"nothing changed: {uploads[2]} files (goal: 0), {took[2] / took[0]:.2f} of the time")
    return 0 if uploads[1:] == [1, 0] else 1


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
