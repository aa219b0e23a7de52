"""What a user did wrong, said in one sentence with the mend."""

from typing import Any


class UsageError(Exception):
    """A user's mistake (bad file, unknown name, other settings). The command prints the message and exits with 2."""


class BudgetReached(Exception):
    """The budget of calls, tokens or money is spent. The command says so, exits with 3 and can be continued.

    `spent`: what the command spent until then, one row a model as `commands/spending.py` makes them.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.spent: list[dict[str, Any]] = []
