"""What a user did wrong, said in one sentence with the mend."""


class UsageError(Exception):
    """A user's mistake (bad file, unknown name, other settings). The command prints the message and exits with 2."""


class BudgetReached(Exception):
    """The budget of calls, tokens or money is spent. The command says so, exits with 3 and can be continued."""
