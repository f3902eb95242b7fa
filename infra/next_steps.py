"""What a person does next: commands for what cannot be declared yet, in the order in which they are useful."""

from __future__ import annotations

import pulumi

from infra.preparing import IMAGE, SOURCE
from infra.secrets import GITHUB_TOKEN
from infra.settings import NAMESPACE, Settings


def next_commands(settings: Settings, stack: str, image_address: pulumi.Input[str]) -> list[pulumi.Input[str]]:
    """Command lines; what a person must fill in is in capitals. Empty when everything is declared."""
    commands: list[pulumi.Input[str]] = []
    setting = f"pulumi config set -s {stack} {NAMESPACE}"
    if settings.job_image != "docker" and settings.job_image_digest is None:
        if settings.job_image == "cloud_build":
            image = pulumi.Output.format("{0}/{1}:first", image_address, IMAGE)
            build = f"gcloud builds submit {SOURCE} --project={settings.project} --region={settings.location} --tag="
            commands.append(pulumi.Output.concat(build, image))
        commands.append(f"{setting}:jobImageDigest sha256:DIGEST")
    if settings.oauth_client_id is None:
        commands.append(f"open https://console.cloud.google.com/auth/clients?project={settings.project}")
        commands.append(f"{setting}:oauthClientId CLIENT-ID")
    if settings.github_token_version is None and settings.github_repository is not None:
        commands.append(f"gcloud secrets versions add {GITHUB_TOKEN} --project={settings.project} --data-file=-")
        if settings.github_installation_id is None:
            commands.append(f"{setting}:githubInstallationId INSTALLATION-ID")
        commands.append(f"{setting}:githubTokenVersion 1")
    return [*commands, f"pulumi up -s {stack}"] if commands else []
