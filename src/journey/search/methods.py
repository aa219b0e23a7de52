"""The searches by name: what each is set with, whether it needs a judge, and the function that does it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from journey.errors import UsageError
from journey.judges.base import JudgeWork
from journey.models.budget import Usage
from journey.models.estimate import Estimate, question_tokens
from journey.search.beam import BeamSettings, beam
from journey.search.best_of_n import MOST_STEPS, BestOfNSettings, best_of_n
from journey.search.candidate import SearchContext
from journey.search.dvts import DvtsSettings, dvts
from journey.search.lookahead import LookaheadSettings, lookahead
from journey.search.mcts import MctsSettings, mcts
from journey.search.settings import StepSettings, WholeSettings
from journey.search.tree_of_thoughts import BreadthSettings, DepthSettings, breadth_first, depth_first
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
    "tot_bfs": Search("tot_bfs", BreadthSettings, breadth_first, judged=False),
    "tot_dfs": Search("tot_dfs", DepthSettings, depth_first, judged=False),
}


def estimate_search(
    method: Search, settings: Settings, problems: Sequence[Problem], model: str
) -> tuple[Estimate, JudgeWork]:
    """What the model is asked at most by a search over these problems, and what its judge is.

    Step by step every call of the model is followed by one of the judge, about steps as long as they may be; of whole
    solutions every step is judged apart, each as short as can be.
    """
    calls, tokens = settings.at_most()
    number = len(problems)
    questions = question_tokens(problems)
    if isinstance(settings, StepSettings):
        longest = settings.depth * settings.max_step_tokens
        steps, judged = tokens // settings.max_step_tokens, calls
    else:
        longest = 0
        steps = judged = settings.n * min(MOST_STEPS, settings.max_tokens // 2 + 1)
    read = questions + number * longest
    most = Usage(calls * number, calls * read, tokens * number)
    written = 0 if isinstance(settings, WholeSettings) else tokens * number
    prefix = settings.max_tokens * number if isinstance(settings, WholeSettings) else 0
    work = JudgeWork(judged * number, steps * number, judged * (read + prefix), written)
    return Estimate(model, f"{method.name} n={settings.n}", most), work


def search(name: str) -> Search:
    """The search of that name. Raises UsageError."""
    if name not in SEARCHES:
        raise UsageError(f"there is no search {name!r}; known are {', '.join(SEARCHES)}")
    return SEARCHES[name]
