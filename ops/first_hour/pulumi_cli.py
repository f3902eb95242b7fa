"""The Pulumi CLI as the first hour uses it: its state in the bucket that the settings name, its secrets under the key.

Where the environment names another backend (PULUMI_BACKEND_URL), that one is used and nobody is signed in: so does
whoever tries it against a local cloud, whose storage and keys the CLI cannot be pointed at.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import ConfigProblem, load_config
from ops.client import pulumi
from ops.client.children import run_child
from ops.client.refusal import OpsRefused
from ops.deliver import cli
from ops.deliver.stack import load
from ops.operate.recover import recover

BACKEND = "PULUMI_BACKEND_URL"
KMS = "gcp:kmsCustomEndpoint"


@dataclass(frozen=True)
class PulumiCli:
    stack: str

    def has_stack(self) -> bool:
        self._sign_in()
        return any(entry["name"].rpartition("/")[2] == self.stack for entry in json.loads(self._ask("stack", "ls")))

    def make_stack(self) -> None:
        of = load(self.stack)
        here = KMS in of.config
        provider = "passphrase" if here else f"gcpkms://{of.settings.state_key}"
        self._run("stack", "init", self.stack, "--secrets-provider", provider)

    def deployed_settings(self) -> Mapping[str, str] | None:
        """Newest first, as the engine keeps them; a preview is not among them, and what was killed neither."""
        updates = json.loads(self._ask("stack", "history", "--stack", self.stack))
        made = next((update for update in updates if update["kind"] in ("update", "destroy")), None)
        if made is None or (made["kind"], made["result"]) != ("update", "succeeded"):
            return None
        return {key: str(entry["value"]) for key, entry in made["config"].items()}

    def declared_settings(self) -> Mapping[str, str]:
        try:
            return load_config(Path(), self.stack).config
        except ConfigProblem as problem:
            raise OpsRefused(str(problem)) from None

    def deploy(self) -> None:
        stack = load(self.stack)
        recover(stack, print)
        try:
            cli.deploy(stack, "--yes")
        except cli.Failed:
            raise OpsRefused(
                f"the deployment did not end well, see above; mend what it says and run again "
                f"(make first-hour STACK={self.stack}): it goes on from there"
            ) from None

    def outputs(self) -> dict[str, Any]:
        return json.loads(self._ask("stack", "output", "--stack", self.stack))

    def _sign_in(self) -> None:
        bucket = load(self.stack).settings.state_bucket
        if BACKEND not in os.environ:
            self._run("login", f"gs://{bucket}")

    def _ask(self, *arguments: str) -> str:
        """What the CLI prints as JSON. Raises `OpsRefused` with its last words."""
        command = [pulumi.find(), *arguments, "--json"]
        done = subprocess.run(  # noqa: S603 - our own arguments
            command, env=load(self.stack).pulumi_environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            words = done.stderr.strip().splitlines() or ["it said nothing"]
            raise OpsRefused(f"pulumi {' '.join(arguments)} ended with {done.returncode}: {words[-1]}")
        return done.stdout

    def _run(self, *arguments: str) -> None:
        if status := self._status(*arguments):
            raise OpsRefused(f"pulumi {' '.join(arguments[:2])} ended with {status}, see above; run again")

    def _status(self, *arguments: str) -> int:
        return run_child([pulumi.find(), *arguments], load(self.stack).pulumi_environment)
