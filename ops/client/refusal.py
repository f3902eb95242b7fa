"""How a command says that it cannot go on."""

from __future__ import annotations


class OpsRefused(Exception):
    """One sentence with the remedy. `status` is HTTP's; 0 when it is our own refusal or nobody answered."""

    def __init__(self, sentence: str, status: int = 0) -> None:
        super().__init__(sentence)
        self.status = status
