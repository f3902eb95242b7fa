"""What a deployed stack says of itself, as one schema: the contract that `infra/outputs.py` keeps and all of ops reads.

The outputs come as a file (`pulumi stack output --json`, or what `make up` wrote). Keys may be added, none renamed. The
smoke tests read the same file without this module, on purpose: they are an oracle that imports nothing of ours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from ops.client.refusal import OpsRefused

LOCAL = Path(".localcloud/outputs.json")
"""Where `make up` writes those of the stack that it serves."""


class OutputsRefused(OpsRefused):
    """The outputs cannot be read, or lack what a command needs; one sentence with the remedy."""


class Outputs(BaseModel):
    """Keys in camelCase; those of a later version are left alone."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(by_alias=True)


class StoreOutputs(Outputs):
    """One DICOM store: full name, and DICOMweb root without a slash at its end."""

    name: str = ""
    dicomweb_root: str


class SharedOutputs(Outputs):
    project: str
    endpoints: dict[str, str]
    """API by short name → root, with a trailing slash and no version."""
    stores: dict[str, StoreOutputs]
    viewer_app: Literal["lite", "slim"] = "lite"
    viewer_host: Literal["firebase", "cloud_run"] = "firebase"
    viewer_url: str | None = None
    viewer_site: str | None = None
    preview_url: str | None = None
    preview_site: str | None = None
    viewer_config: dict[str, Any] | None = None
    """`window.config`; None until the stack has a sign-in client."""
    viewer_status_root: str = ""
    """The URL to which an object's name is put to read what the job says of a study; empty: the page does not ask."""
    service_accounts: dict[str, str]
    """Duty → e-mail."""


class ViewerOutputs(SharedOutputs):
    """What a release of the viewer needs: a build by hand has these and no others."""

    stack: str = "STACK"
    """For the commands that a person is told; a stack deployed by an earlier version does not say."""
    environment: str = ""
    stores: dict[str, StoreOutputs] = {}
    """A preview needs that of the smoke tests."""


class ViewerImageOutputs(ViewerOutputs):
    """What a release to Cloud Run needs."""

    location: str
    build_region: str | None = None
    """`location` in a stack deployed by an earlier version."""
    image_repository: str
    """`LOCATION-docker.pkg.dev/PROJECT/images`"""


class Groups(Outputs):
    """Members as the settings name them, such as `group:NAME@DOMAIN` or an e-mail."""

    viewers: list[str] = []
    annotators: list[str] = []
    ingest_writers: list[str] = []


class OAuthClient(Outputs):
    """What must stand in the sign-in client, which no API can make."""

    client_id: str | None = None
    authority: str
    javascript_origins: list[str]
    redirect_uris: list[str]


class StackOutputs(SharedOutputs):
    """All that a stack exports. Pulumi drops outputs that are None, so what may be absent is None here."""

    stack: str
    location: str
    build_region: str
    environment: str
    data_class: str
    dataset: str
    dicomweb_root: str
    """Of the store that viewers read."""
    topic: str
    backlog_subscription: str
    dead_letter_subscription: str
    smoke_subscription: str
    viewer_config_secret: str
    oauth: OAuthClient
    job: str | None = None
    job_run_url: str | None = None
    audit_view: str
    records_bucket: str
    image_repository: str
    image_digest: str | None = None
    workload_identity_provider: str | None = None
    groups: Groups
    next_commands: list[str]


def read_outputs(path: Path) -> dict[str, Any]:
    """The file's JSON object, unchecked: `require` checks what a command needs of it. Raises `OutputsRefused`."""
    try:
        outputs = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise OutputsRefused(
            f"{path} does not exist; run make up, or: pulumi stack output --json -s STACK > {path}"
        ) from None
    except (ValueError, OSError) as error:
        raise OutputsRefused(
            f"{path} is not JSON ({error}); write it with: pulumi stack output --json -s STACK"
        ) from None
    if not isinstance(outputs, dict):
        raise OutputsRefused(f"{path} must hold one JSON object; write it with: pulumi stack output --json -s STACK")
    return outputs


Model = TypeVar("Model", bound=Outputs)


def require(outputs: Mapping[str, Any], model: type[Model]) -> Model:
    """The outputs as `model` has them. Raises `OutputsRefused`, which names every key that is missing or wrong."""
    try:
        return model.model_validate(outputs)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc']))} ({'is missing' if problem['type'] == 'missing' else problem['msg']})"
            for problem in error.errors()
        ]
        raise OutputsRefused(
            f"the stack's outputs lack what this needs: {', '.join(problems)}; deploy the stack again with this version"
        ) from None
