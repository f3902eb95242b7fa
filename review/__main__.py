"""`python -m review COMMAND …`, also to be had as `python -m policy COMMAND …`."""

from __future__ import annotations

import importlib
import sys

COMMANDS = {
    "comment": "the one comment on a pull request",
    "cost": "what a stack costs a month",
    "gate": "may this plan be carried out",
    "graph": "what the program declares for a stack, as JSON",
    "least-privilege": "who may do what, against what was agreed",
    "record": "keep what this release declares, for the upgrade test",
}
"""Each is the `main` of the module of its name."""


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in COMMANDS:
        print("python -m review COMMAND, one of")
        print(*(f"  {name:16}{words}" for name, words in COMMANDS.items()), sep="\n")
        return 2
    return importlib.import_module(f"review.{arguments[0].replace('-', '_')}").main(arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
