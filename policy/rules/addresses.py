"""Where anything goes: Google, GitHub, this stack's own names and its own project, and nowhere else.

These two rules read every value of every resource, so that an address that a setting decides is judged too, in whatever
property it stands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from policy.resource_view import Seen
from policy.rule import Finding, stack_rule
from policy.stack import Stack

URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/\s\"'<>?#\\)]*)")
GOOGLE = re.compile(r"(?:[a-z0-9-]+\.)*googleapis\.com|(?:accounts|www)\.google\.com")
GITHUB = {"github.com", "token.actions.githubusercontent.com"}
THIS_MACHINE = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?")
PROVIDER = "pulumi:providers:gcp"
UPTIME = "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig"
SITE = "gcp:firebase/hostingSite:HostingSite"
DOMAIN = "gcp:firebase/hostingCustomDomain:HostingCustomDomain"
SERVICE = "gcp:cloudrunv2/service:Service"
PROJECT = re.compile(
    r"(?<![\w-])projects/([a-z0-9][\w.:-]*)(?=[/\s\"']|$)|@([\w.-]+?)\.iam\.gserviceaccount\.com"
    r"|docker\.pkg\.dev/([^/\s\"']+)"
)
AGENTS = re.compile(r"gcp-sa-[\w-]+|cloudservices|gs-project-accounts")
AGENT_OF = re.compile(r"service-(\d+)@(?:gcp-sa-[\w-]+|gs-project-accounts)\.iam\.gserviceaccount\.com")
"""The number of the project that one of Google's agents works for; every stack has some, not each names its number."""
ELSEWHERE = re.compile(r"(?i).*kms.*|cryptoKey(Id|Name)")
"""Paths of keys, which their owner keeps in a project apart."""
PULLS = ("gcp:artifactregistry/repositoryIamMember:RepositoryIamMember", "roles/artifactregistry.reader")
"""The one grant to an account of another project: the deployer of prod takes the image that dev proved."""


@stack_rule("addresses-are-known", "28 34", "*")
def addresses_are_known(stack: Stack, seen: Seen) -> Iterator[Finding]:
    """Every address that is declared is Google's, GitHub's or the stack's own, without a name and password in it."""
    if seen.type == PROVIDER:
        return  # it has a rule of its own, with narrower words
    own, local = stack.once(hosts), stack.environment == "local"
    for path, text in seen.resource.pointers:
        for scheme, host in URL.findall(text):
            is_local = local and THIS_MACHINE.fullmatch(host)
            if not (is_local or GOOGLE.fullmatch(host) or host in GITHUB | own):
                yield Finding(
                    f"names {scheme}://{host} in {path}, which is neither Google's nor of this stack",
                    "Use an address of Google, or a name that the stack declares (site, domain, service).",
                )
    if seen.type != UPTIME:
        return
    host = seen.get("monitoredResource.labels.host")
    if host not in own and not (local and THIS_MACHINE.fullmatch(str(host))):
        yield Finding(f"asks {host}, which is not the viewer", "Ask a site, domain or service of the stack.")


def hosts(stack: Stack) -> set[str]:
    """The names under which the stack itself is reached."""
    sites = {f"{site.get('siteId')}.{end}" for site in stack.of(SITE) for end in ("web.app", "firebaseapp.com")}
    domains = {str(domain.get("customDomain")) for domain in stack.of(DOMAIN)}
    numbers = {number for number in stack.once(projects) if number.isdigit()} | stack.once(agents_of)
    services = {
        f"{service.get('name')}-{number}.{service.get('location')}.run.app"
        for service in stack.of(SERVICE)
        for number in numbers
    }
    return sites | domains | services


@stack_rule("stays-in-its-project", "14 17 28", "*")
def stays_in_its_project(stack: Stack, seen: Seen) -> Iterator[Finding]:
    """Whatever is named by its project is of this one: topics, stores, buckets' notices, accounts, images, pools."""
    if seen.type.startswith("pulumi:") or (seen.type == PULLS[0] and seen.get("role") == PULLS[1]):
        return
    own = stack.once(own_project)
    for path, text in seen.resource.pointers:
        for project in named(text) if not ELSEWHERE.fullmatch(path) else ():
            if project not in own and not AGENTS.fullmatch(project):
                yield Finding(
                    f"names something of the project {project} in {path}",
                    "Name what is in the stack's own project; what another shares is a reviewed change of this rule.",
                )


def own_project(stack: Stack) -> set[str]:
    """Name and number of the project that most of the stack names."""
    common = [name for name, _ in stack.once(projects).most_common()]
    return {next((name for name in common if name.isdigit() is number), "") for number in (True, False)}


def projects(stack: Stack) -> Counter[str]:
    """Every project that is named in the stack, by name or number, with how often."""
    texts = (text for seen in stack.seen for _, text in seen.resource.pointers)
    return Counter(name for text in texts for name in named(text) if not AGENTS.fullmatch(name))


def agents_of(stack: Stack) -> set[str]:
    """The numbers of the projects whose agents the stack names."""
    return {number for seen in stack.seen for _, text in seen.resource.pointers for number in AGENT_OF.findall(text)}


def named(value: str) -> list[str]:
    return ["".join(parts) for parts in PROJECT.findall(value)]


RULES = (addresses_are_known, stays_in_its_project)
