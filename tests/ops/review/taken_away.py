"""Which duties go with each right that an identity loses: what its rights are needed for.

The local cloud's IAM, a right at a time: written down in least_privilege/needed.json, which a person reviews.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from engine.api_request import ApiRequest
from engine.discovery import catalogue
from localcloud.iam.principals import IAM_HOST, POLICIES
from ops.review.grants import Grant, custom_roles, grants
from ops.review.graph import Place, of_deployment, resources_of, stand_up
from tests.ops.review.asks import email, refused, send
from tests.ops.review.duties import DUTIES

OWNERS: Mapping[str, str] = {
    "billingbudgets.googleapis.com": "the budget is of the billing account, which no project role reaches",
    "cloudkms.googleapis.com": "the state's key is of the bootstrap; who may use it is not for the deployer to say",
}
"""APIs of which the deployer cannot do everything: what needs it is made by the owner's first `pulumi up`."""


def cannot_make(place: Place, requests: Mapping[str, Sequence[ApiRequest]]) -> list[str]:
    """APIs of which the deployer is refused a call that makes the stack."""
    return [
        host for host, asked in requests.items()
        if host not in OWNERS and any(send(place, "deployer", request) for request in asked)
    ]  # fmt: skip


def distinct(requests: Sequence[ApiRequest]) -> dict[str, list[ApiRequest]]:
    """By API, one request of each method, and of each account that is attached."""
    found: dict[str, dict[str, ApiRequest]] = {}
    for request in requests:
        match = catalogue().match(request.host, request.method, request.path)
        attached = [part for part in json.dumps(request.body).split('"') if "@my-imaging.iam" in part]
        found.setdefault(request.host, {})[f"{match[0].id if match else request.path} {attached}"] = request
    return {host: list(of.values()) for host, of in found.items()}


@contextmanager
def without_permission(place: Place, role: str, permission: str) -> Iterator[None]:
    """The stack's own role, for a while, without one permission."""
    held = place.cloud.resources.get(IAM_HOST, role)
    assert held is not None
    left = [name for name in held["includedPermissions"] if name != permission]
    place.cloud.resources.put(IAM_HOST, role, {**held, "includedPermissions": left})
    try:
        yield
    finally:
        place.cloud.resources.put(IAM_HOST, role, held)


@contextmanager
def without_grant(place: Place, member: str, role: str, resource: str) -> Iterator[None]:
    """The policy of one resource, for a while, without one member of one role."""
    (name, policy), = [  # one policy holds it
        (name, policy)
        for name, policy in place.cloud.resources.all(POLICIES).items()
        if name.partition("/")[2].partition("/")[2].removeprefix("projects/_/").endswith(resource)
        and any(binding["role"] == role and member in binding["members"] for binding in policy["bindings"])
    ]  # fmt: skip
    bindings = [
        {**binding, "members": [other for other in binding["members"] if binding["role"] != role or other != member]}
        for binding in policy["bindings"]
    ]
    place.cloud.resources.put(POLICIES, name, {**policy, "bindings": bindings})
    try:
        yield
    finally:
        place.cloud.resources.put(POLICIES, name, policy)


def held_by(place: Place, identity: str) -> list[Grant]:
    found = grants(resources_of(of_deployment("dev", place.deployment)))
    return [grant for grant in found if grant.principal == f"serviceAccount:{email(identity)}"]


def failing(place: Place, identity: str) -> list[str]:
    """The duties that the identity cannot do now."""
    return [duty for duty, asks in DUTIES[identity].items() if any(refused(place, identity, ask) for ask in asks)]


def drops(place: Place, identity: str) -> dict[str, list[str]]:
    """Each right that can be taken away by itself → the duties that go with it.

    Of the stack's own roles each permission, as they can be written smaller; of Google's the grant as a whole.
    """
    found: dict[str, list[str]] = {}
    own = custom_roles(resources_of(of_deployment("dev", place.deployment)))
    for grant in held_by(place, identity):
        if grant.role.endswith("/imagingPreviewer"):
            continue
        with without_grant(place, grant.principal, grant.role, grant.resource):
            found[f"{grant.role} on {grant.resource}"] = failing(place, identity)
        for permission in own.get(grant.role, ()):
            with without_permission(place, grant.role, permission):
                found[f"{permission} of {grant.role}"] = failing(place, identity)
    return found


def drops_of_deployer(place: Place) -> dict[str, list[str]]:
    """The same, where a duty is also each API that it makes the stack's part of."""
    requests, found = distinct(place.sent), dict[str, list[str]]()
    own = custom_roles(resources_of(of_deployment("dev", place.deployment)))

    def lost() -> list[str]:
        made = [f"declares what is of {host}" for host in cannot_make(place, requests)]
        return [*failing(place, "deployer"), *made]

    for grant in held_by(place, "deployer"):
        with without_grant(place, grant.principal, grant.role, grant.resource):
            found[f"{grant.role} on {grant.resource}"] = lost()
        for permission in own.get(grant.role, ()):
            with without_permission(place, grant.role, permission):
                found[f"{permission} of {grant.role}"] = lost()
    return found


def needed() -> dict[str, dict[str, list[str]]]:
    place = stand_up("dev")
    others = {identity: drops(place, identity) for identity in DUTIES if identity != "deployer"}
    return {**others, "deployer": drops_of_deployer(place)}


if __name__ == "__main__":  # python -m tests.ops.review.taken_away > tests/ops/review/least_privilege/needed.json
    print(json.dumps(needed(), indent=1, sort_keys=True))
