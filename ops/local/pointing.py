"""Point other programs at the local cloud: the Pulumi CLI's stack file, and the environment of Google's clients."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from ops.local.state import RunningCloud

BEGIN = "# --- endpoints: rewritten by `python -m ops serve --write-config` ---"
END = "# --- end of endpoints ---"
UNIVERSE = "emulator.invalid"
"""Credentials of this universe are refused by every Google endpoint: they are of no use off this machine."""


CREDENTIALS = "gcp:credentials"
"""Never in a stack file: the policy refuses it, and `python -m ops env` gives the provider GOOGLE_CREDENTIALS."""


def rewrite(text: str, base: str, settings: dict[str, str]) -> str:
    """The stack file `text` with the block between the marks moved to `base`, and without credentials in it.

    `settings` are further keys for the block, such as the digest of the job's image.
    Raises `ValueError` without the marks.
    """
    head, begin, rest = text.partition(BEGIN)
    block, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the stack file lacks the lines «{BEGIN}» and «{END}»: take them from Pulumi.local.yaml")
    replaced = {CREDENTIALS, *settings}
    known = [line for line in block.splitlines() if line.strip() and line.split(": ")[0].strip() not in replaced]
    moved = [re.sub(r"http://127\.0\.0\.1:\d+", base, line) for line in known]
    moved += [f"  {key}: {value}" for key, value in settings.items()]
    return "\n".join([head + begin, *moved, "  " + end]) + tail


def write_config(path: Path, template: Path, base: str, settings: dict[str, str]) -> None:
    """Write `path` (made from `template` when it does not exist), pointing at `base`; whole or not at all."""
    source = path if path.exists() else template
    text = rewrite(source.read_text(), base, settings)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text)
    temporary.replace(path)


def project_of(path: Path) -> str:
    """The project that a stack file names; empty without one."""
    match = re.search(r"(?m)^\s+gcp:project:\s*[\"']?([^\s\"'#]+)", path.read_text())
    return match[1] if match else ""


def variables(state: RunningCloud, pulumi_home: Path) -> dict[str, str]:
    """Environment of the Pulumi CLI, google-auth and Google's client libraries."""
    return {
        "GOOGLE_CREDENTIALS": state.credentials,
        "GOOGLE_APPLICATION_CREDENTIALS": state.credentials,
        "GOOGLE_CLOUD_UNIVERSE_DOMAIN": UNIVERSE,
        "GOOGLE_CLOUD_PROJECT": state.project,
        "GOOGLE_PROJECT": state.project,
        "STORAGE_EMULATOR_HOST": f"{state.base}/storage.googleapis.com",
        "CLOUDSDK_CORE_PROJECT": state.project,
        "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE": state.credentials,
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_HEALTHCARE": f"{state.base}/healthcare.googleapis.com/",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN": f"{state.base}/run.googleapis.com/",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER": f"{state.base}/secretmanager.googleapis.com/",
        "PULUMI_BACKEND_URL": f"file://{pulumi_home}",
        "PULUMI_CONFIG_PASSPHRASE": "local",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_GCP_SKIP_REGION_VALIDATION": "true",
    }


def exports(state: RunningCloud, pulumi_home: Path) -> list[str]:
    """The same as lines for a shell."""
    return [f"export {name}={shlex.quote(value)}" for name, value in variables(state, pulumi_home).items()]
