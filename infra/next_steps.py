"""What a person does next: commands for what cannot be declared yet, in the order in which they are useful."""

from __future__ import annotations

import pulumi

from infra.build_images import builders, unpinned
from infra.foundation import GITHUB_TOKEN
from infra.identities import email_of
from infra.job import IMAGE, SOURCE, source_bucket
from infra.settings import NAMESPACE, Settings


def next_commands(settings: Settings, stack: str, image_address: pulumi.Input[str]) -> list[pulumi.Input[str]]:
    """Command lines; what a person must fill in is in capitals. Empty when everything is declared."""
    setting = f"pulumi config set -s {stack} {NAMESPACE}"
    commands: list[pulumi.Input[str]] = []
    if settings.job_image_digest is None and settings.job_image == "prebuilt":
        commands.append(f"{setting}:jobImageDigest sha256:DIGEST")
    elif settings.job_image_digest is None and settings.job_image == "cloud_build":
        image = pulumi.Output.format("{0}/{1}", image_address, IMAGE)
        newest = f"gcloud artifacts docker images list {{0}} --project={settings.project} --sort-by=~UPDATE_TIME"
        digest = f"\"$({newest} --limit=1 --format='value(version)')\""
        commands.append(_job_image(settings, image))
        commands.append(pulumi.Output.format(f"{setting}:jobImageDigest {digest}", image))
    if settings.oauth_client_id is None:
        console = f"https://console.cloud.google.com/auth/clients?project={settings.project}"
        commands.append(f"# create an OAuth client (Web application) with the origins of output oauth: {console}")
        commands.append(f"{setting}:oauthClientId CLIENT-ID")
    if settings.viewer_host == "cloud_run" and settings.viewer_image_digest is None and settings.oauth_client_id:
        commands += _viewer_image(settings, stack, setting)
    if settings.github_token_version is None and settings.github_repository is not None:
        commands.append(f"gcloud secrets versions add {GITHUB_TOKEN} --project={settings.project} --data-file=-")
        if settings.github_installation_id is None:
            commands.append(f"{setting}:githubInstallationId INSTALLATION-ID")
        commands.append(f"{setting}:githubTokenVersion 1")
    if settings.github_repository is not None and settings.github_repository_id is None:
        number = f"$(gh api repos/{settings.github_repository} --jq .id)"
        commands.append(f'{setting}:githubRepositoryId "{number}"  # lets its pull requests be previewed')
    delivered = settings.github_token_version is not None
    for builder in unpinned(settings.delivers_viewer_image) if delivered else ():
        commands.append(f".venv/bin/python -m ops deliver pin {builder}  # then commit infra/builders.yaml")
    if not settings.alert_emails and settings.environment != "local":
        path = f"pulumi config set -s {stack} --path '{NAMESPACE}:alertEmails[0]'"
        commands.append(f"{path} E-MAIL  # nobody is told of alerts yet")
    return [*commands, f"pulumi up -s {stack}"] if commands else []


def _job_image(settings: Settings, image: pulumi.Input[str]) -> pulumi.Output[str]:
    """The command that builds the job's image as the account for it:
    a new organisation gives the default one no rights, and Google's bucket no region.
    """
    images = builders()
    return pulumi.Output.concat(
        f"gcloud builds submit {SOURCE} --project={settings.project} --region={settings.region_of_builds} ",
        "--config=delivery/job-image-by-hand.yaml ",
        f"--service-account=projects/{settings.project}/serviceAccounts/{email_of('jobBuild', settings.project)} ",
        f"--gcs-source-staging-dir=gs://{source_bucket(settings.project)}/source ",
        "--substitutions=_IMAGE=",
        image,
        f",_BASE={images['python']},_DOCKER={images['docker']}",
    )


def _viewer_image(settings: Settings, stack: str, setting: str) -> list[str]:
    """A delivery builds it; without one, a person does."""
    if settings.delivers_viewer_image and settings.github_token_version is not None:
        where = f"--project={settings.project} --region={settings.region_of_builds} --branch={settings.github_branch}"
        return [
            f"gcloud builds triggers run deploy-{stack} {where}  # builds the viewer's image; a push does the same",
            f".venv/bin/python -m ops deliver settings --stack {stack}  # the images it runs, before pulumi up by hand",
        ]
    if settings.viewer_image == "prebuilt":
        return [f"{setting}:viewerImageDigest sha256:DIGEST"]
    release = f".venv/bin/python -m ops viewer release --outputs outputs.json --base {builders()['nginx']}"
    return [
        f"pulumi stack output --json -s {stack} > outputs.json",
        f"{release}  # writes what the image is built from, and says how to build it",
        f"{setting}:viewerImageDigest sha256:DIGEST",
    ]
