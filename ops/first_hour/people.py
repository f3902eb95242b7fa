"""What only a person can do in a browser: Firebase's terms, the sign-in client, GitHub's app and token."""

from __future__ import annotations

from infra.formats import OAUTH_CLIENT
from infra.foundation import GITHUB_TOKEN
from ops.client.refusal import OpsRefused
from ops.first_hour.hour import FirstHour
from ops.first_hour.person import PersonNeeded
from ops.first_hour.project import CONSOLE

FIREBASE = "https://console.firebase.google.com/"
APP = "https://github.com/apps/google-cloud-build/installations/new"
NUMBER = "must be a number"


# -- Firebase


def has_no_firebase(hour: FirstHour) -> bool:
    if hour.settings.viewer_host != "firebase":
        return False
    return hour.google.find("firebase", f"v1beta1/projects/{hour.project}") is None


def add_firebase(hour: FirstHour) -> None:
    """Adds Firebase by its API where the caller has accepted Firebase's terms; nobody can ask whether they did."""
    project = hour.project
    hour.require_consent(f"Add Firebase to {project}? It can never be taken away from a project.")
    try:
        started = hour.google.call("POST", "firebase", f"v1beta1/projects/{project}:addFirebase", {})
    except OpsRefused as refused:
        if refused.status != 403:
            raise
    else:
        hour.google.finish("firebase", "v1beta1", started, f"waiting until {project} has Firebase")
        return
    hour.wait_for_person(
        "accept Firebase's terms",
        (FIREBASE, f"add a project, choose the Google Cloud project {project} that exists, without Analytics"),
        f"project {project} has Firebase",
        lambda: not has_no_firebase(hour),
    )


# -- the sign-in client


def has_no_client(hour: FirstHour) -> bool:
    return hour.settings.oauth_client_id is None


def ask_for_client(hour: FirstHour) -> None:
    oauth, project = hour.engine.outputs()["oauth"], hour.project
    page = (
        f"consent screen, audience Internal where there is a Workspace: {CONSOLE}/auth/overview?project={project}",
        f"client of type Web application: {CONSOLE}/auth/clients?project={project}",
        *(f"  authorised JavaScript origin: {origin}" for origin in oauth["javascriptOrigins"]),
        *(f"  authorised redirect URI: {uri}" for uri in oauth["redirectUris"]),
    )
    setting = f"set dicom-platform:oauthClientId in Pulumi.{hour.stack_name}.yaml"
    hour.stop("make the sign-in client, which no API can", page, f"you give its client id here, or {setting}")
    if not hour.person.is_there:
        raise PersonNeeded(f"make the sign-in client: see above, {setting}, then run again: {hour.command}")
    answer = hour.ask("Client id?", lambda text: "" if OAUTH_CLIENT.accepts(text) else OAUTH_CLIENT.words)
    hour.set("oauthClientId", answer)


# -- GitHub


def has_no_github(hour: FirstHour) -> bool:
    """Only where a repository is set: a stack needs none."""
    settings = hour.settings
    wanted = (settings.github_installation_id, settings.github_repository_id, settings.github_token_version)
    return settings.github_repository is not None and None in wanted


def connect_github(hour: FirstHour) -> None:
    settings, repository = hour.settings, hour.settings.github_repository
    if settings.github_installation_id is None:
        page = (f"{APP}", f"on {repository}; its id is the number at the end of the page's address (Configure)")
        ask_for_number(hour, "install the app Google Cloud Build", page, "githubInstallationId", "Installation id?")
    if settings.github_repository_id is None:
        page = (f"https://api.github.com/repos/{repository} has it as id",)
        ask_for_number(hour, f"look up the number of {repository}", page, "githubRepositoryId", "Its number?")
    if settings.github_token_version is None:
        secret = f"projects/{hour.project}/secrets/{GITHUB_TOKEN}"
        page = (
            f"classic token with repo and read:user: https://github.com/settings/tokens/new?description={repository}",
            f"gcloud secrets versions add {GITHUB_TOKEN} --project={hour.project} --data-file=-",
        )
        what, notices = "give Cloud Build a token of GitHub's", f"secret {GITHUB_TOKEN} has a version that is enabled"
        if newest(hour, secret) is None:
            hour.wait_for_person(what, page, notices, lambda: newest(hour, secret) is not None)
        hour.set("githubTokenVersion", str(newest(hour, secret)))


def ask_for_number(hour: FirstHour, what: str, page: tuple[str, ...], key: str, question: str) -> None:
    setting = f"set dicom-platform:{key} in Pulumi.{hour.stack_name}.yaml"
    hour.stop(what, page, f"you give the number here, or {setting}")
    if not hour.person.is_there:
        raise PersonNeeded(f"{what}: see above, {setting}, then run again: {hour.command}")
    hour.set(key, hour.ask(question, lambda text: "" if text.isdigit() and int(text) else NUMBER))


def newest(hour: FirstHour, secret: str) -> int | None:
    """The newest version of a secret that is enabled."""
    versions = hour.google.call("GET", "secretmanager", f"v1/{secret}/versions").get("versions", [])
    enabled = [int(version["name"].rpartition("/")[2]) for version in versions if version.get("state") == "ENABLED"]
    return max(enabled, default=None)
