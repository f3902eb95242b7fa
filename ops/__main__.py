"""`python -m ops VERB …`: everything that a person or a pipeline types, behind one door."""

from __future__ import annotations

import gc
import importlib
import sys
from typing import NamedTuple

from ops.collector import collector_paused


class Verb(NamedTuple):
    """One word after `python -m ops`: the module that answers it, and what it does in a line."""

    module: str
    words: str
    passes_itself: bool = False
    """Whether the module has several verbs, and is told which."""


GROUPS: dict[str, dict[str, Verb]] = {
    "local: the cloud on this machine": {
        "up": Verb("ops.local.commands", "start it, deploy the stack, smoke-test, serve until Ctrl-C", True),
        "serve": Verb("ops.local.commands", "start it empty, for the Pulumi CLI or any client of Google's APIs", True),
        "token": Verb("ops.local.commands", "print an access token of a principal", True),
        "env": Verb("ops.local.commands", "print the lines that point the Pulumi CLI and Google's clients there", True),
    },
    "review: a change, before it is made": {
        "preview": Verb("ops.operate.on_stack", "the policy, then what `pulumi up` would do to a stack", True),
        "judge": Verb("ops.review.judge", "ask the policy about a stack; makes and asks nothing"),
        "gate": Verb("ops.review.gate", "say whether a plan may be carried out"),
        "verdict": Verb("ops.review.base", "judge another checkout by the rules of this one, as JSON"),
        "comment": Verb("ops.review.comment", "write the one comment on a pull request"),
        "cost": Verb("ops.review.cost", "say what a stack costs a month"),
        "access": Verb("ops.review.least_privilege", "say who may do what, against what was agreed"),
        "shapes": Verb("ops.review.shapes", "list what may be declared at all, against what was agreed"),
        "graph": Verb("ops.review.graph", "print what the program declares for a stack, as JSON"),
        "docs": Verb("ops.generate_docs", "write what is generated: Pulumi.yaml's settings, docs/settings.md; --check"),
        "record": Verb("ops.review.record", "keep what this release declares, for the upgrade test"),
    },
    "deliver: from a commit to a proved deployment": {
        "deploy": Verb("ops.operate.on_stack", "`pulumi up` once the policy has nothing against it", True),
        "recover": Verb("ops.operate.on_stack", "make a stack usable again whose update was killed", True),
        "rollback": Verb("ops.operate.on_stack", "go back to the last proved release of a stack", True),
        "drift": Verb("ops.operate.on_stack", "write what of a stack is not as declared", True),
        "deliver": Verb("ops.deliver.commands", "one step of a delivery, or going back: deliver --help"),
        "viewer": Verb("ops.viewer.commands", "build, release, pin or roll back the viewer: viewer --help"),
    },
    "operate: a deployed stack": {
        "first-hour": Verb("ops.first_hour.commands", "from nothing to a proved stack, with a stop at what people do"),
        "doctor": Verb("ops.operate.commands", "look at all that must be in place; changes nothing", True),
        "bootstrap": Verb("ops.operate.commands", "make the state's bucket and the key of its secrets", True),
        "status": Verb("ops.status.commands", "say what is not shown and why, time to view, storage classes"),
        "smoke": Verb("ops.operate.on_stack", "run the smoke tests against a deployed stack", True),
        "seed-golden": Verb("ops.operate.on_stack", "put the golden study where viewers look, once", True),
        "drill": Verb("ops.operate.commands", "export the raw store, restore it elsewhere, compare", True),
        "load": Verb("ops.load.commands", "push DICOM files into a stack's store"),
    },
}
VERBS = {name: verb for group in GROUPS.values() for name, verb in group.items()}


def usage() -> str:
    """The verbs by group, a line each."""
    lines = ["usage: python -m ops VERB …   (python -m ops VERB --help says more)"]
    for group, verbs in GROUPS.items():
        lines += ["", f"{group}", *(f"  {name:11} {verb.words}" for name, verb in verbs.items())]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Exit status of the verb; 2 when there is no such verb, 0 for help."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage())
        return 0 if arguments else 2
    name, *rest = arguments
    verb = VERBS.get(name)
    if verb is None:
        print(f"ops: there is no verb {name}: it is one of {', '.join(VERBS)}", file=sys.stderr)
        return 2
    with collector_paused():
        module = importlib.import_module(verb.module)
    return module.main(arguments if verb.passes_itself else rest)


if __name__ == "__main__":
    status = main(sys.argv[1:])
    gc.disable()  # else Python collects all of it before it ends, which the system does better
    sys.exit(status)
