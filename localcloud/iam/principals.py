"""Who there is: the owner, the project's service accounts, Google's agents, and everyone whom a policy names."""

from __future__ import annotations

from localcloud.awkward import AGENT_SECONDS
from localcloud.control.resources import Resources
from localcloud.iam import policies
from localcloud.iam.principal import Kind, Principal
from localcloud.settings import CloudSettings

IAM_HOST = "iam.googleapis.com"
AGENTS = "service agents"
"""Google's agents that exist are kept beside the resources, under this in place of a host, by e-mail."""
POLICIES = "policies"
"""Policies are kept beside the resources, under this in place of a host, by full resource name."""


class Directory:
    """Looks principals up. Users and groups exist where a policy names them: there is no list of people here."""

    def __init__(self, cloud: CloudSettings, resources: Resources) -> None:
        self._cloud, self._resources = cloud, resources
        self.owner = f"owner@{cloud.project}.iam.gserviceaccount.com"

    def exists(self, email: str) -> bool:
        """Whether a service account is there. Of other projects' accounts we only know the name."""
        if self._is_agent(email) and "agents" in self._cloud.awkward:
            agent = self._resources.get(AGENTS, email)
            return agent is not None and not self._cloud.is_within("new_agents", float(agent["since"]), AGENT_SECONDS)
        ours = email.endswith(f"@{self._cloud.project}.iam.gserviceaccount.com")
        return not ours or email == self.owner or self._account(email) is not None

    def is_disabled(self, email: str) -> bool:
        return bool((self._account(email) or {}).get("disabled"))

    def may_sign_in(self, principal: Principal) -> bool:
        """Tokens of a deleted or disabled service account are worth nothing."""
        email = principal.email
        return principal.kind != "serviceAccount" or (self.exists(email) and not self.is_disabled(email))

    def kind(self, email: str) -> Kind | None:
        """None for somebody unknown."""
        return "serviceAccount" if self._is_agent(email) else self.known().get(email)

    def _is_agent(self, email: str) -> bool:
        of_project = tuple(f"service-{self._cloud.number}@{domain}" for domain in ("gcp-sa-", "gs-project-accounts."))
        return email.startswith(of_project) and email.endswith(".iam.gserviceaccount.com")

    def known(self) -> dict[str, Kind]:
        """Everyone by e-mail."""
        kinds: dict[str, Kind] = {}
        for policy in self._resources.all(POLICIES).values():
            for member in policies.members(policy):
                kind, _, email = member.partition(":")
                if kind in ("user", "group") or (kind == "serviceAccount" and self.exists(email)):
                    kinds[email] = kind
        for account in self._resources.all(IAM_HOST).values():
            if "email" in account:
                kinds[account["email"]] = "serviceAccount"
        if self._cloud.creator:
            kinds[self._cloud.creator] = "user"
        return {**kinds, self.owner: "serviceAccount"}

    def _account(self, email: str) -> dict[str, object] | None:
        return self._resources.get(IAM_HOST, f"projects/{self._cloud.project}/serviceAccounts/{email}")
