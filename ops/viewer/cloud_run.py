"""The release to Cloud Run: the same files and headers as an image. Knows what the image is built from.

A delivery builds it (`ops.deliver.viewer_image`). By hand, building needs a builder and the new digest is a setting of
the stack, so both commands are told, not run.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.job import source_bucket
from ops.client.outputs import ViewerImageOutputs, require
from ops.viewer.target import TargetError, releaser_of, window_config_of
from viewer.build import FileSet
from viewer.nginx import nginx_conf

CONTAINER = Path(__file__).resolve().parents[2] / "viewer" / "container"
NAME = "viewer"
"""Of the image, in the stack's repository."""
_DIGEST = re.compile(r"\S+@sha256:[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class ServiceTarget:
    """What belongs into the image, and where it goes. `repository` is `LOCATION-docker.pkg.dev/PROJECT/images`."""

    stack: str
    config: dict[str, Any]
    repository: str
    project: str
    build_region: str
    releaser: str
    app: str
    status_root: str
    guarded: bool


def read_service(outputs: Mapping[str, Any]) -> ServiceTarget:
    """Raises OpsRefused when the stack lacks what an image needs."""
    deployed = require(outputs, ViewerImageOutputs)
    return ServiceTarget(
        stack=deployed.stack,
        config=window_config_of(deployed),
        repository=deployed.image_repository,
        project=deployed.project,
        build_region=deployed.build_region or deployed.location,
        releaser=releaser_of(deployed),
        app=deployed.viewer_app,
        status_root=deployed.viewer_status_root,
        guarded=deployed.environment == "prod",
    )


def context(files: FileSet, firebase: Mapping[str, Any], base: str) -> dict[str, bytes]:
    """Path → content of all that the image is built from; `base` is nginx-unprivileged by digest.

    Raises TargetError for a base that can move.
    """
    if not _DIGEST.fullmatch(base):
        raise TargetError(
            f"the base {base!r} must be an image by digest, as a tag can move; find it with: "
            "docker buildx imagetools inspect nginxinc/nginx-unprivileged:stable-alpine"
        )
    dockerfile = (CONTAINER / "Dockerfile").read_text().replace("ARG BASE\n", f"ARG BASE={base}\n")
    return {
        "Dockerfile": dockerfile.encode(),
        "nginx.conf": nginx_conf(firebase).encode(),
        **{f"public{path}": content for path, content in files.files.items()},
    }


def context_hash(made: Mapping[str, bytes]) -> str:
    """The same for the same files, headers and base: 40 hexadecimal digits."""
    digests = sorted((path, hashlib.sha256(content).hexdigest()) for path, content in made.items())
    return hashlib.sha256(json.dumps(digests).encode()).hexdigest()[:40]


def write_context(made: Mapping[str, bytes], out: Path) -> None:
    """Fills the new or empty folder `out`. Raises TargetError for another."""
    if out.exists() and any(out.iterdir()):
        raise TargetError(f"{out} is not empty; name a new folder with --out")
    for path, content in made.items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(content)


def by_hand(target: ServiceTarget, made: Mapping[str, bytes], out: Path) -> list[str]:
    """Writes the context and Cloud Build's recipe into `out`; gives the commands that follow."""
    write_context(made, out)
    image = f"{target.repository}/{NAME}:{context_hash(made)[:16]}"
    account = f"projects/{target.project}/serviceAccounts/{target.releaser}"
    recipe = (CONTAINER / "cloudbuild.yaml").read_text()
    for place, value in (("{image}", image), ("{account}", account)):
        recipe = recipe.replace(place, value)
    (out / "cloudbuild.yaml").write_text(recipe)
    where = f"--project={target.project}"
    digest = f"gcloud artifacts docker images describe {image} {where} --format='value(image_summary.digest)'"
    return [
        f"gcloud builds submit {out} {where} --region={target.build_region} --config={out}/cloudbuild.yaml"
        f" --gcs-source-staging-dir=gs://{source_bucket(target.project)}/source",
        f'pulumi config set -s {target.stack} dicom-platform:viewerImageDigest "$({digest})"',
        f"pulumi up -s {target.stack}",
    ]
