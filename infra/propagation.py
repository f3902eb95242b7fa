"""Google takes minutes to see everywhere what was just made: an enabled API, a service agent, a grant, an account.

A call that comes too early is refused, and the same call works a little later; sleeping for a fixed time would be too
long on most days and too short on some. So what was refused for such a reason is tried again, with the engine's own
hooks: `after_create` notes when something was made that Google takes time over, `on_error` reads the answer. What an
answer says that is about time alone ("may take a few minutes") is always tried again for `PATIENCE` seconds; what may
be an honest refusal (a permission, something that does not exist) only while the last such creation of this run is that
young. A preview makes nothing, so it has no hooks.
"""

from __future__ import annotations

import asyncio
import re

import pulumi

PATIENCE = 420.0
"""Seconds; a change of a policy takes "typically 2 minutes, potentially 7 minutes or longer" (IAM's documentation)."""
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 30.0
"""Seconds between two tries, doubling."""
MADE_SLOWLY = re.compile(
    r"gcp:.*(?:Iam|IAM)Member$"
    r"|gcp:projects/(?:service:Service|serviceIdentity:ServiceIdentity|iAMCustomRole:IAMCustomRole)$"
    r"|gcp:serviceaccount/account:Account$"
    r"|gcp:firebase/(?:project:Project|hostingSite:HostingSite)$"
)
"""Types that Google answers for before every part of it knows of them."""
ABOUT_TIME = re.compile(
    r"few minutes|recently started to use|enabled this API recently|propagat|not (?:yet )?ready|try again later"
    r"|has not been used in project|service agent|@gcp-sa-|@gs-project-accounts|@serverless-robot-prod",
    re.IGNORECASE,
)
PERHAPS_ABOUT_TIME = re.compile(r"permission|does not exist|was not found|not found|denied|forbidden", re.IGNORECASE)
FINAL = re.compile(r"already exists|already in use|undelete it|ACTIVE state|bucket does not exist", re.IGNORECASE)
"""Never a matter of minutes, whatever else the answer says: a bucket is known everywhere once it is made."""


def is_worth_another_try(error: str, seconds_since_creation: float) -> bool:
    """Whether time alone may turn this answer of Google into another, so long after the last slow creation."""
    if FINAL.search(error):
        return False
    if ABOUT_TIME.search(error):
        return True
    return seconds_since_creation <= PATIENCE and bool(PERHAPS_ABOUT_TIME.search(error))


def pause_after(tries: int) -> float:
    """Seconds until the next try."""
    return min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE)


class Propagation:
    """The hooks of one run."""

    def __init__(self) -> None:
        self._last_creation = float("-inf")
        made = pulumi.ResourceHook("note-creation", self._note)
        retry = pulumi.ErrorHook("wait-for-google", self._is_to_be_tried_again)
        self._of_slow = pulumi.ResourceHookBinding(after_create=[made], on_error=[retry])
        self._of_others = pulumi.ResourceHookBinding(on_error=[retry])

    def bind(self, args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        """A stack transformation: every resource of Google's gets the hooks."""
        if not args.type_.startswith("gcp:"):
            return None
        hooks = self._of_slow if MADE_SLOWLY.match(args.type_) else self._of_others
        options = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(hooks=hooks))
        return pulumi.ResourceTransformationResult(props=args.props, opts=options)

    async def _note(self, args: pulumi.ResourceHookArgs) -> None:
        self._last_creation = asyncio.get_running_loop().time()

    async def _is_to_be_tried_again(self, args: pulumi.ErrorHookArgs) -> bool:
        since = asyncio.get_running_loop().time() - self._last_creation
        tries = len(args.errors)
        waited = sum(pause_after(earlier) for earlier in range(1, tries))
        if args.failed_operation == "delete" or waited >= PATIENCE or not is_worth_another_try(args.errors[0], since):
            return False
        pause = pause_after(tries)
        pulumi.log.info(f"Google does not know yet of what {args.name} needs; again in {pause:.0f} s: {args.errors[0]}")
        await asyncio.sleep(pause)
        return True


def wait_for_google() -> None:
    """From here on resources wait until Google has seen what they need. Call it before the first is declared."""
    if not pulumi.runtime.is_dry_run():
        pulumi.runtime.register_stack_transformation(Propagation().bind)
