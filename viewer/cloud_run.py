"""The release to Cloud Run: the same files and headers as an image. Writes what the image is built from.

Building needs a builder and the new digest is a setting of the stack, so both commands are told, not run.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewer.build import FileSet
from viewer.nginx import nginx_conf
from viewer.release import content_hash
from viewer.target import TargetError, window_config_of

CONTAINER = Path(__file__).parent / "container"
NAME = "viewer"
"""Of the image, in the stack's repository."""
_DIGEST = re.compile(r"\S+@sha256:[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class ServiceTarget:
    """What belongs into the image, and where it goes. `repository` is `LOCATION-docker.pkg.dev/PROJECT/images`."""

    config: dict[str, Any]
    repository: str
    project: str
    location: str
    releaser: str
    app: str
    guarded: bool


def read_service(outputs: Mapping[str, Any]) -> ServiceTarget:
    """Raises TargetError when the stack lacks what an image needs."""
    config = window_config_of(outputs)
    try:
        return ServiceTarget(
            config=config,
            repository=outputs["imageRepository"],
            project=outputs["project"],
            location=outputs["location"],
            releaser=outputs["serviceAccounts"]["viewerBuild"],
            app=outputs.get("viewerApp", "lite"),
            guarded=outputs.get("environment") == "prod",
        )
    except KeyError as missing:
        raise TargetError(f"the stack's outputs lack {missing}; deploy the stack again, then release") from None


def write_context(
    target: ServiceTarget, files: FileSet, firebase: Mapping[str, Any], base: str, out: Path
) -> list[str]:
    """Fill the new or empty folder `out`; gives the commands that follow. `base` is nginx-unprivileged by digest."""
    if not _DIGEST.fullmatch(base):
        raise TargetError(
            f"--base {base!r} must be an image by digest, as a tag can move; find it with: "
            "docker buildx imagetools inspect nginxinc/nginx-unprivileged:stable-alpine"
        )
    if out.exists() and any(out.iterdir()):
        raise TargetError(f"{out} is not empty; name a new folder with --out")
    image = f"{target.repository}/{NAME}:{content_hash(files, firebase)[:16]}"
    account = f"projects/{target.project}/serviceAccounts/{target.releaser}"
    files.write(out / "public")
    (out / "nginx.conf").write_text(nginx_conf(firebase))
    shutil.copy(CONTAINER / "Dockerfile", out)
    recipe = (CONTAINER / "cloudbuild.yaml").read_text()
    for place, value in (("{base}", base), ("{image}", image), ("{account}", account)):
        recipe = recipe.replace(place, value)
    (out / "cloudbuild.yaml").write_text(recipe)
    where = f"--project={target.project}"
    digest = f"gcloud artifacts docker images describe {image} {where} --format='value(image_summary.digest)'"
    return [
        f"gcloud builds submit {out} {where} --region={target.location} --config={out}/cloudbuild.yaml",
        f'pulumi config set dicom-platform:viewerImageDigest "$({digest})"',
        "pulumi up",
    ]
