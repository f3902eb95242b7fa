"""What only a person can make in a browser: consent, the sign-in client, Firebase's terms, GitHub's app, DNS."""

from __future__ import annotations

from collections.abc import Iterator

from infra.foundation import GITHUB_TOKEN
from ops.client.refusal import OpsRefused
from ops.operate.doctor import Diagnosis, Situation, unseen

CONSOLE = "https://console.cloud.google.com"


def origins(at: Situation) -> list[str]:
    """Where the viewer will be, as far as the settings alone tell."""
    settings = at.settings
    if settings.viewer_host != "firebase":
        return []
    own = [f"https://{settings.custom_domain}"] if settings.custom_domain else []
    return [*own, f"https://{settings.site}.web.app", f"https://{settings.site_for_previews}.web.app"]


def sign_in(at: Situation) -> Iterator[Diagnosis]:
    project, known = at.settings.project, origins(at)
    where = ", ".join(known) or f"the viewer's URL (pulumi stack output viewerUrl -s {at.stack}, once it is deployed)"
    back = ", ".join(f"{origin}/" for origin in known) or "the same URL with a slash at its end"
    values = (
        f"consent screen, audience Internal where there is a Workspace: {CONSOLE}/auth/overview?project={project}",
        f"client of type Web application: {CONSOLE}/auth/clients?project={project}",
        f"  authorised JavaScript origins: {where}",
        f"  authorised redirect URIs: {back}",
    )
    if at.settings.oauth_client_id is None:
        do = (*values, at.configure("oauthClientId", "CLIENT-ID"))
        yield Diagnosis("sign-in", "todo", "there is no sign-in client, and no API can make one", do)
    else:
        words = f"no API shows client {at.settings.oauth_client_id}: see that it has exactly these values"
        yield Diagnosis("sign-in", "by hand", words, values[1:])


def firebase(at: Situation) -> Iterator[Diagnosis]:
    if at.settings.viewer_host != "firebase":
        return
    project = at.settings.project
    try:
        at.get("firebase", f"v1beta1/projects/{project}")
    except OpsRefused as refused:
        if refused.status != 404:
            yield unseen("Firebase", "whether the project has Firebase", refused, "roles/firebasehosting.viewer")
            return
        words = "the deploy adds Firebase, which cannot be undone; its terms must have been accepted by the deployer"
        page = "accept the terms once by adding any project to: https://console.firebase.google.com/"
        yield Diagnosis("Firebase", "by hand", words, (page,))
        return
    yield Diagnosis("Firebase", "ok", f"project {project} has Firebase")


def github(at: Situation) -> Iterator[Diagnosis]:
    settings = at.settings
    if settings.github_repository is None:
        words = "no repository is set, so nothing is delivered by a push"
        yield Diagnosis("GitHub", "ok", words, (f"to change that: {at.configure('githubRepository', 'OWNER/NAME')}",))
        return
    if settings.github_installation_id is None:
        do = (
            "install it on the repository: https://github.com/apps/google-cloud-build/installations/new",
            "its id is the number at the end of its page's address (Settings, Applications, Configure)",
            at.configure("githubInstallationId", "ID"),
        )
        yield Diagnosis("GitHub", "todo", f"Cloud Build's app is not known on {settings.github_repository}", do)
    yield from token(at)


def token(at: Situation) -> Iterator[Diagnosis]:
    project, version = at.settings.project, at.settings.github_token_version
    add = f"gcloud secrets versions add {GITHUB_TOKEN} --project={project} --data-file=-"
    if version is None:
        do = (add, at.configure("githubTokenVersion", "VERSION"))
        yield Diagnosis("GitHub", "todo", "no version of the GitHub token is set", do)
        return
    try:
        state = at.get("secretmanager", f"v1/projects/{project}/secrets/{GITHUB_TOKEN}/versions/{version}").get("state")
    except OpsRefused as refused:
        if refused.status == 404:
            yield Diagnosis("GitHub", "todo", f"version {version} of secret {GITHUB_TOKEN} does not exist", (add,))
        else:
            yield unseen("GitHub", f"version {version} of {GITHUB_TOKEN}", refused, "roles/secretmanager.viewer")
        return
    if state != "ENABLED":
        yield Diagnosis("GitHub", "todo", f"version {version} of secret {GITHUB_TOKEN} is {state}", (add,))
    else:
        yield Diagnosis("GitHub", "ok", f"version {version} of secret {GITHUB_TOKEN} is there")


def dns(at: Situation) -> Iterator[Diagnosis]:
    domain = at.settings.custom_domain
    if domain is None:
        return
    page = f"https://console.firebase.google.com/project/{at.settings.project}/hosting/sites/{at.settings.site}"
    if at.settings.environment == "local":
        yield Diagnosis("DNS", "ok", f"{domain} is not looked up: stack {at.stack} is on this machine")
    elif records := at.resolve(domain):
        words = f"{domain} leads to {', '.join(records)}; Firebase says whether that is right"
        yield Diagnosis("DNS", "by hand", words, (page,))
    else:
        yield Diagnosis("DNS", "todo", f"nobody knows {domain}", (f"add the records that this page shows: {page}",))
