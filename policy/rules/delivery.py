"""Delivery: what starts a build, as whom, on whose word; and who may come in from GitHub."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.resource_view import Seen
from policy.rule import Finding, Need, needs, rule, stack_rule
from policy.stack import Stack

TRIGGER = "gcp:cloudbuild/trigger:Trigger"
PROVIDER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
ACCOUNT_GRANT = "gcp:serviceaccount/iAMMember:IAMMember"
EVENTS = ("repositoryEventConfig.push.branch", "repositoryEventConfig.push.tag", "github.push.branch")
GITHUB = "https://token.actions.githubusercontent.com"
OURS_ALONE = re.compile(r"""assertion\.repository_id\s*==\s*(?:'\d+'|"\d+")\s*&&[^|]+""")
PULLS = ("repositoryEventConfig.pullRequest", "github.pullRequest")


@rule("push-from-one-branch", "29", TRIGGER, holds=("repositoryEventConfig.push.branch", "gitFileSource.revision"))
def push_from_one_branch(trigger: Seen) -> Iterator[Finding]:
    """A push starts a build from one branch, its name anchored at both ends."""
    for path in EVENTS:
        pattern = trigger.get(path)
        if pattern is not None and not re.fullmatch(r"\^[A-Za-z0-9._/\\-]+\$", str(pattern)):
            yield Finding(f"builds every branch that matches {pattern}", f"Anchor {path} to one name: ^main$.")
    by_hand = trigger.get("sourceToBuild.ref")
    if not by_hand and all(trigger.get(path) is None for path in (*EVENTS, *PULLS)):
        yield Finding("does not say what it builds", "Set repositoryEventConfig, or sourceToBuild for one by hand.")
    if by_hand and trigger.get("gitFileSource.revision") != by_hand:
        yield Finding(
            "takes its steps from another place than what it builds", f"Set gitFileSource.revision to {by_hand}."
        )


@stack_rule("prod-deploys-need-approval", "29", TRIGGER, reads=("approvalConfig.approvalRequired",))
def prod_deploys_need_approval(stack: Stack, trigger: Seen) -> Iterator[Finding]:
    """In prod a push deploys nothing before a person has approved the build."""
    pushed = any(trigger.get(path) is not None for path in EVENTS)
    if stack.environment == "prod" and pushed and trigger.get("approvalConfig.approvalRequired") is not True:
        yield Finding(
            "deploys to prod on a push, whoever made it",
            "Set deliveryApproval to true (approvalConfig.approvalRequired).",
        )


@rule(
    "pull-requests-wait-for-a-word",
    "30",
    TRIGGER,
    reads=("repositoryEventConfig.pullRequest.commentControl", "includeBuildLogs", "build.availableSecrets"),
)
def pull_requests_wait_for_a_word(trigger: Seen) -> Iterator[Finding]:
    """A pull request, which can change the build itself, is only built when somebody of the project says so."""
    for path in PULLS:
        if trigger.get(path) is None:
            continue
        if trigger.get(f"{path}.commentControl") not in (
            "COMMENTS_ENABLED",
            "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY",
        ):
            yield Finding(
                "builds a stranger's pull request without a word from the project",
                f'Set {path}.commentControl to "COMMENTS_ENABLED".',
            )
        if trigger.get("includeBuildLogs"):
            yield Finding("shows the build's log to whoever opened the pull request", "Remove includeBuildLogs.")
        if trigger.get("build.availableSecrets"):
            yield Finding("gives secrets to a pull request's build", "Remove build.availableSecrets.")
        if "deployer" in str(trigger.get("serviceAccount")):
            yield Finding("builds pull requests as the deployer", "Run it as the previewer.")


@rule("build-logs-to-cloud-logging", "28", TRIGGER, reads=("build.options.logging",))
def build_logs_to_cloud_logging(trigger: Seen) -> Iterator[Finding]:
    """A build logs to Cloud Logging only; one from a file says so there, which a test of the files holds."""
    if trigger.get("build") and trigger.get("build.options.logging") != "CLOUD_LOGGING_ONLY":
        yield Finding(
            "writes its logs to a bucket that Google made for it",
            'Set build.options.logging to "CLOUD_LOGGING_ONLY".',
        )


@rule("build-from-a-reviewed-file", "28 29", TRIGGER, holds=("filename", "gitFileSource.path"))
def build_from_a_reviewed_file(trigger: Seen) -> Iterator[Finding]:
    """What a build does is in the repository, where it is reviewed with the code."""
    if not (trigger.get("filename") or trigger.get("gitFileSource.path")):
        yield Finding("runs steps that are in no repository", "Set filename (or gitFileSource) in place of build.")


BY_THE_APP = needs(
    "repository-over-https",
    "29",
    "gcp:cloudbuildv2/repository:Repository",
    "The repository is GitHub's, over https and without a credential in its address.",
    Need(
        "remoteUri",
        lambda value: re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+\.git", str(value)) is not None,
        "is not an https address of a GitHub repository, or carries a credential",
        "Set remoteUri to https://github.com/OWNER/NAME.git.",
    ),
)


@rule("federation-is-bound", "27", PROVIDER, holds=("attributeCondition", "oidc.issuerUri"))
def federation_is_bound(provider: Seen) -> Iterator[Finding]:
    """Only GitHub's tokens of one repository, by its number, come in: its name can be taken over by somebody else."""
    if not OURS_ALONE.fullmatch(outermost(str(provider.get("attributeCondition") or ""))):
        yield Finding(
            "accepts tokens of repositories, or of workflows, that are not ours",
            "Set attributeCondition to assertion.repository_id == 'NUMBER' && (which workflow and reference).",
        )
    if provider.get("oidc.issuerUri") != GITHUB:
        yield Finding("trusts tokens that GitHub did not issue", f"Set oidc.issuerUri to {GITHUB}.")


def outermost(condition: str) -> str:
    """The condition with what is in parentheses left out: what `||` is between is seen."""
    while (shorter := re.sub(r"\([^()]*\)", "…", condition)) != condition:
        condition = shorter
    return condition.strip()


@rule("no-whole-pool", "27", ACCOUNT_GRANT, reads=("member",))
def no_whole_pool(grant: Seen) -> Iterator[Finding]:
    """An account is opened to one attribute of a pool's identities, never to all of them."""
    member = str(grant.get("member"))
    if member.startswith("principalSet://") and (member.endswith("/*") or "/attribute." not in member):
        yield Finding(
            "lets every identity of the pool act as the account", "Name an attribute: …/attribute.repository_id/NUMBER."
        )


@rule("no-deployer-from-outside", "27 30", ACCOUNT_GRANT, reads=("member",))
def no_deployer_from_outside(grant: Seen) -> Iterator[Finding]:
    """No federated identity is the deployer: what GitHub runs may look, not change."""
    if str(grant.get("member")).startswith("principal") and "deployer@" in str(grant.get("serviceAccountId")):
        yield Finding("lets a workflow at GitHub deploy", "Grant it on the previewer.")


RULES = (
    push_from_one_branch,
    prod_deploys_need_approval,
    pull_requests_wait_for_a_word,
    build_logs_to_cloud_logging,
    build_from_a_reviewed_file,
    BY_THE_APP,
    federation_is_bound,
    no_whole_pool,
    no_deployer_from_outside,
)
