"""The runbook's commands, run in their order against the local cloud: as the requests that gcloud makes of them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from localcloud.logs import Logs
from tests.control.client import Client

RUNBOOK = Path(__file__).resolve().parents[2] / "docs" / "runbook.md"
SHELL = {"PROJECT": "p-1", "REGION": "europe-west4", "STACK": "prod"}
WORDS = {"VERSION": "1", "KEY": "k", "RING": "r"}
"""What a reader puts for the words in capitals."""


def section(heading: str) -> list[list[str]]:
    """The commands of a section, split as a shell would."""
    text = RUNBOOK.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert text, f"the runbook has no section {heading}"
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    spelled = (re.sub(r"\$(\w+)", lambda name: SHELL[name[1]], line) for line in lines)
    return [[re.sub(r"\b[A-Z]{3,}\b", lambda w: WORDS.get(w[0], w[0]), word) for word in shlex.split(line)]
            for line in spelled]  # fmt: skip


def split(command: list[str]) -> tuple[list[str], dict[str, str]]:
    words = [word for word in command if not word.startswith("--")]
    options = dict(word[2:].partition("=")[::2] for word in command if word.startswith("--"))
    return words, options


def gcloud(client: Client, command: list[str], stdin: str = "") -> Any:
    """The request of one command."""
    words, options = split(command)
    match words:
        case ["gcloud", "secrets", "versions", "add", name]:
            assert options["data-file"] == "-", "a value on the command line ends in the shell's history"
            url = f"secretmanager/v1/projects/{options['project']}/secrets/{name}:addVersion"
            return client.ok("POST", url, {"payload": {"data": stdin}})
        case ["gcloud", "secrets", "versions", verb, number]:
            secret = f"secretmanager/v1/projects/{options['project']}/secrets/{options['secret']}"
            return client.ok("POST", f"{secret}/versions/{number}:{verb}", {})
        case ["gcloud", "kms", "keys", "versions", verb, number]:
            version = (
                f"cloudkms/v1/projects/{options['project']}/locations/{options['location']}/keyRings/{options['keyring']}"
                f"/cryptoKeys/{options['key']}/cryptoKeyVersions/{number}"
            )
            if verb == "enable":
                return client.ok("PATCH", version, {"state": "ENABLED"}, updateMask="state")
            return client.ok("POST", f"{version}:{verb}", {})
        case ["gcloud", "logging", "read", wanted]:
            body = {"resourceNames": [f"projects/{options['project']}"], "filter": wanted}
            return client.ok("POST", "logging/v2/entries:list", body)["entries"]
        case _:
            raise AssertionError(f"no request is known for {shlex.join(command)}")


@pytest.fixture
def client(tmp_path: Path) -> Client:
    client = Client(tmp_path)
    Logs(client.cloud)
    return client


SECRET = "secretmanager/v1/projects/p-1/secrets/github-token"
OLD, NEW = "b2xk", "bmV3"


def value(client: Client, version: int) -> str | int:
    """What a reader of the version gets, or the status of its refusal."""
    answer = client.ask("GET", f"{SECRET}/versions/{version}:access")
    return answer.body["payload"]["data"] if answer.status == 200 else answer.status


def test_a_secret_is_rotated_and_the_pinned_reader_never_stands_without_one(client: Client) -> None:
    client.ok(
        "POST", "secretmanager/v1/projects/p-1/secrets", {"replication": {"automatic": {}}}, secretId="github-token"
    )
    client.ok("POST", f"{SECRET}:addVersion", {"payload": {"data": OLD}})
    add, pin, up, disable, destroy = section("Rotate a secret")

    gcloud(client, add, NEW)
    assert (value(client, 1), value(client, 2)) == (OLD, NEW)
    assert pin == ["pulumi", "config", "set", "-s", "prod", "dicom-platform:githubTokenVersion", "2"]
    assert up == ["pulumi", "up", "-s", "prod"]
    gcloud(client, disable)
    assert (value(client, 1), value(client, 2)) == (400, NEW)
    gcloud(client, [*disable[:3], "enable", *disable[4:]])
    assert value(client, 1) == OLD
    gcloud(client, destroy)
    assert (value(client, 1), value(client, 2)) == (400, NEW)
    assert client.ask("POST", f"{SECRET}/versions/1:enable", {}).status == 400


def test_a_key_that_is_to_be_destroyed_comes_back(client: Client) -> None:
    rings = "cloudkms/v1/projects/p-1/locations/europe-west4/keyRings"
    client.ok("POST", rings, {}, keyRingId="r")
    client.ok("POST", f"{rings}/r/cryptoKeys", {"purpose": "ENCRYPT_DECRYPT"}, cryptoKeyId="k")
    version = f"{rings}/r/cryptoKeys/k/cryptoKeyVersions/1"
    client.ok("POST", f"{version}:destroy", {})
    restore, enable = section("A key is disabled or about to be destroyed")

    assert gcloud(client, restore)["state"] == "DISABLED"
    assert gcloud(client, enable)["state"] == "ENABLED"
    assert "destroyTime" not in client.ok("GET", version)


def test_a_changed_grant_is_found(client: Client) -> None:
    client.grant("roles/browser", "user:a@example.org")
    [read] = section("A grant was changed")

    [entry] = gcloud(client, read)
    assert entry["protoPayload"]["methodName"] == "SetIamPolicy"


def test_every_command_on_secrets_and_keys_is_in_a_section_that_is_run() -> None:
    lines = re.findall(r"^gcloud (?:secrets|kms) .*", RUNBOOK.read_text(), re.MULTILINE)
    tested = ("A key is disabled or about to be destroyed", "Rotate a secret")
    run = sum(command[0] == "gcloud" for heading in tested for command in section(heading))

    assert len(lines) == run
