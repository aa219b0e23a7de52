"""The searches by name: what each is set with, whether it needs a judge, and the function that does it."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from journey.errors import UsageError
from journey.search.beam import BeamSettings, beam
from journey.search.best_of_n import BestOfNSettings, best_of_n
from journey.search.candidate import SearchContext
from journey.search.dvts import DvtsSettings, dvts
from journey.search.lookahead import LookaheadSettings, lookahead
from journey.search.mcts import MctsSettings, mcts
from journey.search.settings import StepSettings, WholeSettings
from journey.search.vote import VoteSettings, vote
from journey.types import Attempt, Problem

Settings = WholeSettings | StepSettings


@dataclass(frozen=True, slots=True)
class Search:
    """A way of searching. `run` takes the problem, the means and settings of the kind `settings`."""

    name: str
    settings: type[Any]
    run: Callable[[Problem, SearchContext, Any], Awaitable[Attempt]]
    judged: bool = True


SEARCHES = {
    "vote": Search("vote", VoteSettings, vote, judged=False),
    "best_of_n": Search("best_of_n", BestOfNSettings, best_of_n),
    "beam": Search("beam", BeamSettings, beam),
    "dvts": Search("dvts", DvtsSettings, dvts),
    "lookahead": Search("lookahead", LookaheadSettings, lookahead),
    "mcts": Search("mcts", MctsSettings, mcts),
}
_SEARCHED = re.compile(rf"(.+)\+((?:{'|'.join(SEARCHES)}) n=.+)", re.DOTALL)


def search(name: str) -> Search:
    """The search of that name. Raises UsageError."""
    if name not in SEARCHES:
        raise UsageError(f"there is no search {name!r}; known are {', '.join(SEARCHES)}")
    return SEARCHES[name]


def searched(model: str) -> tuple[str, str] | None:
    """The model and the search that an attempt's model name says; null for an attempt without a search."""
    match = _SEARCHED.fullmatch(model)
    return (match[1], match[2]) if match else None
