"""Who asks, and may they: principals, tokens, policies. Which permission a method needs is in `permissions.py`.

Local limits: a group has no members but itself (a token can be had for the group), one project, no deny policies,
conditions only on `request.time` and on how `resource.name` starts. A policy on the project counts for everything,
billing account included. The owner's grant is the organization's, above the project: no policy that a client sets can
take it away or shows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from localcloud.awkward import GRANT_SECONDS
from localcloud.control.resources import Resources
from localcloud.errors import ApiError
from localcloud.iam import policies, roles, tokens
from localcloud.iam.principal import Principal
from localcloud.iam.principals import IAM_HOST, POLICIES, Directory
from localcloud.iam.scopes import require_scope
from localcloud.settings import CloudSettings

SINCE = "since"
"""Field of a stored policy, shown to nobody: grant -> when it was made."""
_UNSET: dict[str, Any] = {"version": 1, "etag": "ACAB", "bindings": []}
_CONVENIENCE = {"roles/owner": "projectOwner", "roles/editor": "projectEditor", "roles/viewer": "projectViewer"}
"""Members that stand for everyone with a basic role on the project."""
GOOGLE_API = re.compile(r"https://[a-z0-9-]+\.googleapis\.com(/.*)?")
TOKEN_ENDPOINTS = ("https://oauth2.googleapis.com/token", "https://www.googleapis.com/oauth2/v4/token")
"""Audiences of a JWT that is to be exchanged for an access token."""
_ADVICE = (
    "Expected OAuth 2 access token, login cookie or other valid authentication credential. "
    "See https://developers.google.com/identity/sign-in/web/devconsole-project."
)


class Iam:
    """Identity and access of one local cloud. Resources by full name: `//pubsub.googleapis.com/projects/P/topics/T`."""

    def __init__(self, cloud: CloudSettings, resources: Resources) -> None:
        self._cloud, self._resources = cloud, resources
        self._directory = Directory(cloud, resources)
        self.owner = self._directory.owner
        self.project = f"//cloudresourcemanager.googleapis.com/projects/{cloud.project}"
        self._opaque = tokens.OpaqueTokens(cloud.clock)
        self._last_etag = 0
        self._organization = {"bindings": [{"role": "roles/owner", "members": [f"serviceAccount:{self.owner}"]}]}
        if cloud.creator:
            creators = {"role": "roles/resourcemanager.projectCreator", "members": [f"user:{cloud.creator}"]}
            self._organization["bindings"].append(creators)
        if not resources.get(POLICIES, self.project):
            self.set_policy(self.project, {})

    @cached_property
    def _key(self) -> tokens.ServiceAccountKey:
        cloud = self._cloud
        endpoint = cloud.endpoint("oauth2.googleapis.com")
        return tokens.ServiceAccountKey.at(cloud.data / "credentials.json", self.owner, cloud.project, endpoint)

    @property
    def credentials_file(self) -> Path:
        """The owner's throw-away service-account key (mode 0600), made when first asked for."""
        return self._key.path

    # -- who

    def token(self, email: str, *, lifetime: float = 3600, scopes: Iterable[str] = ()) -> str:
        """An access token for a known principal, good for `lifetime` seconds and the `scopes` (none: for everything);
        404 names the known ones."""
        kind = self._directory.kind(email)
        if kind is None:
            known = ", ".join(self.principals())
            raise ApiError(404, f"There is no principal {email} in project {self._cloud.project}; known are: {known}.")
        if self._directory.is_disabled(email):
            raise ApiError(400, f"Service account {email} is disabled.", status="FAILED_PRECONDITION")
        return self._opaque.issue(Principal(email, kind, frozenset(scopes)), lifetime)

    def authenticate(self, authorization: str | None) -> Principal:
        """The principal of an `Authorization` header: an opaque token of ours or a JWT signed with the owner's key."""
        if not authorization:
            raise ApiError(401, f"Request is missing required authentication credential. {_ADVICE}")
        scheme, _, token = authorization.partition(" ")
        principal = self._principal(token.strip()) if scheme.lower() == "bearer" else None
        if not principal or not self._directory.may_sign_in(principal):
            raise ApiError(401, f"Request had invalid authentication credentials. {_ADVICE}")
        return principal

    def exchange(self, assertion: str) -> str:
        """An access token for a JWT signed with the owner's key (RFC 7523); 400 for any other."""
        claims = self._claims(assertion)
        ours = self._cloud.endpoint("oauth2.googleapis.com") + "token"
        if claims is None or claims.get("aud") not in (ours, *TOKEN_ENDPOINTS):
            raise ApiError(400, f"invalid_grant: the assertion is not a valid JWT of {self.owner} for {ours}.")
        return self.token(self.owner)

    def _principal(self, token: str) -> Principal | None:
        if token.startswith(tokens.PREFIX):
            return self._opaque.principal(token)
        claims = self._claims(token)
        if claims is None or not self._is_for_an_api(claims):
            return None
        return Principal(self.owner, "serviceAccount")

    def _claims(self, token: str) -> dict[str, Any] | None:
        return self._key.claims(token, self._cloud.clock()) if token.count(".") == 2 else None

    def _is_for_an_api(self, claims: dict[str, Any]) -> bool:
        """A JWT that its holder signed is for one API, as Google's or as ours is addressed, or carries scopes."""
        audience, scope = claims.get("aud"), claims.get("scope")
        if audience is None or audience == "":  # Go's client, which the provider uses, writes the latter
            return isinstance(scope, str) and bool(scope)
        if not isinstance(audience, str):
            return False
        named = GOOGLE_API.fullmatch(audience) or f"{audience}/".startswith(f"{self._cloud.base}/")
        return bool(named) and audience not in TOKEN_ENDPOINTS

    def principals(self) -> list[str]:
        """E-mails of everyone a token can be had for."""
        return sorted(self._directory.known())

    def exists(self, email: str) -> bool:
        """Whether a service account is there. Of other projects' accounts and Google's agents we only know the name."""
        return self._directory.exists(email)

    # -- may they

    def is_allowed(self, member: Principal | str, permission: str, resource: str) -> bool:
        """Whether a policy on the resource, on anything above it or on the project grants the permission."""
        identity = member.member if isinstance(member, Principal) else member
        mine = self._identities(identity)
        now = self._cloud.clock()
        return any(
            self._grants(binding["role"], permission) and policies.is_in_force(binding, now, resource)
            for policy in self._policies_above(resource)
            for binding in policy["bindings"]
            if not mine.isdisjoint(self._members_that_count(policy, binding, now))
        )

    def require(self, principal: Principal | str, permission: str, resource: str) -> None:
        """403 in Google's words unless allowed."""
        if isinstance(principal, Principal):
            require_scope(principal, permission, resource)
        if not self.is_allowed(principal, permission, resource):
            named = resource.replace("//cloudresourcemanager.googleapis.com/", "")
            raise ApiError(
                403,
                f"Permission '{permission}' denied on resource '{named}' (or it may not exist).",
                details=[
                    {
                        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                        "reason": "IAM_PERMISSION_DENIED",
                        "domain": resource.removeprefix("//").partition("/")[0],
                        "metadata": {"permission": permission, "resource": named},
                    }
                ],
            )

    def _members_that_count(self, policy: dict[str, Any], binding: dict[str, Any], now: float) -> list[str]:
        """The members whose grant is old enough for every part of Google to have seen it."""
        since: dict[str, float] = policy.get(SINCE) or {}
        if "grants" not in self._cloud.awkward:
            return binding["members"]
        wait = GRANT_SECONDS * self._cloud.delays
        return [m for m in binding["members"] if since.get(policies.grant_key(binding, m), 0) + wait <= now]

    def _identities(self, member: str) -> set[str]:
        """Everything in a policy that means this member."""
        _, _, email = member.partition(":")
        mine = {member, "allUsers", "allAuthenticatedUsers", f"domain:{email.partition('@')[2]}"}
        for binding in self._stored(self.project)["bindings"]:
            if binding["role"] in _CONVENIENCE and member in binding["members"]:
                mine.add(f"{_CONVENIENCE[binding['role']]}:{self._cloud.project}")
        return mine

    def _grants(self, role: str, permission: str) -> bool:
        if role.startswith("roles/"):
            return roles.grants(role, permission)
        custom = self._resources.get(IAM_HOST, role) or {}
        included = {name.replace(".googleapis.com/", ".", 1) for name in custom.get("includedPermissions", ())}
        return permission in included and not custom.get("deleted") and custom.get("stage") != "DISABLED"

    def _policies_above(self, resource: str) -> Iterator[dict[str, Any]]:
        name = self._canonical(resource)
        while name.count("/") > 2:
            policy = self._resources.get(POLICIES, name)
            if policy and name != self.project:
                yield policy
            name = name.rpartition("/")[0]
        yield self._stored(self.project)
        yield self._organization

    def _canonical(self, resource: str) -> str:
        return resource.replace(f"/projects/{self._cloud.number}/", f"/projects/{self._cloud.project}/", 1)

    # -- policies

    def policy(self, resource: str) -> dict[str, Any]:
        """The policy set on the resource itself; `etag` alone if none was."""
        stored = self._resources.get(POLICIES, self._canonical(resource)) or {"etag": _UNSET["etag"]}
        return {key: value for key, value in stored.items() if value != [] and key != SINCE}

    def _stored(self, resource: str) -> dict[str, Any]:
        return self._resources.get(POLICIES, resource) or _UNSET

    def set_policy(self, resource: str, policy: dict[str, Any]) -> dict[str, Any]:
        """Replace the policy; 400 for bad syntax, an unknown role or account, 409 for an outdated etag."""
        resource = self._canonical(resource)
        current = self._stored(resource)
        if policy.get("etag", current["etag"]) != current["etag"]:
            raise ApiError(
                409,
                "There were concurrent policy changes. Please retry the whole read-modify-write with exponential "
                f"backoff. The policy of {resource} has etag {current['etag']}, the request {policy['etag']}.",
                status="ABORTED",
            )
        fresh = policies.normalise(policy)
        self._refuse_unknown(fresh, policies.members(current))
        since: dict[str, float] = current.get(SINCE) or {}
        now = self._cloud.clock()
        began = {key: since.get(key, now) for key in policies.grant_keys(fresh)}
        stored = {**fresh, "etag": self._etag(), SINCE: began}
        self._resources.put(POLICIES, resource, stored)
        return self.policy(resource)

    def _refuse_unknown(self, policy: dict[str, Any], before: set[str]) -> None:
        for binding in policy["bindings"]:
            role = binding["role"]
            custom = self._resources.get(IAM_HOST, role)
            if not (roles.is_predefined(role) or (custom and not custom.get("deleted"))):
                raise ApiError(
                    400,
                    f"Role {role} is not supported for this resource. (The local cloud knows the predefined roles of "
                    "localcloud/iam/roles.json and the project's custom roles.)",
                )
        for member in sorted(policies.members(policy) - before):
            kind, _, email = member.partition(":")
            if kind == "serviceAccount" and not self._directory.exists(email):
                raise ApiError(400, f"Service account {email} does not exist.")

    def forget(self, resource: str) -> None:
        """Drop the policies of a resource that is gone and of everything below it."""
        self._resources.delete(POLICIES, self._canonical(resource))

    def forget_member(self, email: str, unique_id: str) -> None:
        """A service account is gone: its grants stay, marked as Google marks them, and give nothing to a namesake."""
        old, new = f"serviceAccount:{email}", f"deleted:serviceAccount:{email}?uid={unique_id}"
        for resource, policy in self._resources.all(POLICIES).items():
            if old in policies.members(policy):
                self._resources.put(POLICIES, resource, policies.rename_member(policy, old, new))

    def _etag(self) -> str:
        self._last_etag = max(self._last_etag + 1, int(self._cloud.clock() * 1e6))
        return policies.etag(self._last_etag)
