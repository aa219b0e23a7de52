"""A run's thoughts and attempts as rows to train on."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from journey.errors import UsageError
from journey.pipeline.arm_rows import rl_problem_rows, thought_pairs
from journey.pipeline.arms import ARMS, method_of, policies
from journey.pipeline.kept_recipe import kept_recipe
from journey.prompts.languages import ENGLISH, code, normal
from journey.store.excluded import excluded
from journey.store.run import Run
from journey.tasks.table import ask, shared_task
from journey.thoughts.draft import chosen
from journey.thoughts.methods import METHODS
from journey.training.pairs import EXPLORATION, KINDS, MARGIN, OUTCOME, dpo_rows, step_rows
from journey.training.rows import Labels, Row, sft_rows, tree_rows
from journey.types import Attempt, Thought, Tree, label


def training_rows(
    of: Run,
    kind: str,
    arm: str,
    chosen_of: str | None,
    *,
    messages: bool = False,
    labels: Labels = "hard",
    language: str | None = None,
) -> list[Row]:
    """The rows for `kind` "sft", "dpo", "prm" or "rl"; of the seed `chosen_of` alone, null: of all.

    Thoughts that were refined are taken as they were refined, and as they were retold in `language` (null: in the
    recipe's, if any). For "prm" it names a judge.

    Raises UsageError where there are none, or where those of several models (or judges) would be mixed.
    """
    if kind == "rl":
        return rl_problem_rows(of) or _no_problems(of)
    problems = list(of.problems())
    if kind == "prm":
        return tree_rows(_judged_trees(of, chosen_of), problems, labels) or _no_labels(of)
    shared_task(problems)
    if kind == "dpo":
        return pair_rows(of, {OUTCOME: None}, chosen_of, messages=messages)
    out = excluded(of)
    wanted, found = _thoughts(of, arm, chosen_of, language)
    is_other = any((code(problem.language) or ENGLISH) != wanted for problem in problems)
    if language is not None and found and is_other and not any(t.language for t in found):
        raise UsageError(
            f"{of.path} holds no thoughts for {arm} that were retold in {wanted}; retell them with journey derive "
            f"{of.path} --language {wanted}"
        )
    rows = sft_rows(found, problems, ask, messages=messages)
    if not rows and arm not in (*ARMS, *METHODS):
        near = get_close_matches(arm, [*ARMS, *METHODS], 1, cutoff=0.4)
        mend = f"did you mean {near[0]!r}?" if near else f"known are {', '.join({**ARMS, **METHODS})}"
        raise UsageError(f"there is no arm or method {arm!r}; {mend}")
    if not rows:
        which = f"the arm {arm}" if chosen_of is None else f"the arm {arm} of {chosen_of}"
        kept = f" ({len(out)} problems are taken out of training)" if out else ""
        raise UsageError(f"{of.path} holds no thoughts for {which}{kept}; make them with journey derive {of.path}")
    return rows


def in_own_language(of: Run, arm: str, chosen_of: str | None, language: str | None) -> int:
    """How many of the rows for "sft" are of thoughts that are not in the language asked for.

    Nobody retold them, or no try kept them whole. Raises UsageError.
    """
    wanted, found = _thoughts(of, arm, chosen_of, language)
    if wanted is None:
        return 0
    others = {problem.id for problem in of.problems() if (code(problem.language) or ENGLISH) != wanted}
    return sum(t.problem in others and (t.language is None or t.refined_by is None) for t in found)


def _thoughts(of: Run, arm: str, chosen_of: str | None, language: str | None) -> tuple[str | None, list[Thought]]:
    """The thoughts that an arm is trained on, and the language that they should be in, null for their own."""
    method = method_of(arm)
    where = {"method": method} if chosen_of is None else {"method": method, "seed": seed_of(chosen_of)}
    wanted = language or kept_recipe(of).get("thoughts", {}).get("language")
    wanted = None if wanted is None else normal(wanted)
    out = excluded(of)
    return wanted, chosen((t for t in of.thoughts(**where) if t.problem not in out), wanted)


def pair_rows(
    of: Run, kinds: Mapping[str, int | None], chosen_of: str | None, *, margin: float = MARGIN, messages: bool = False
) -> list[Row]:
    """The run's preference pairs of some kinds, at most so many of each (null: all): of its attempts and its trees.

    Raises UsageError where there are none of a kind, or where those of several models or judges would be mixed.
    """
    problems = list(of.problems())
    shared_task(problems)
    rows: list[Row] = []
    for kind, count in kinds.items():
        lack = KINDS[kind].lack
        if kind == OUTCOME:
            found = dpo_rows(_attempts(of, chosen_of), problems, ask, messages=messages, count=count) or _no_pairs(of)
        elif kind == EXPLORATION:
            seed: dict[str, Any] = {} if chosen_of is None else {"seed": seed_of(chosen_of)}
            found = thought_pairs(of, messages=messages, count=count, **seed)
        else:
            trees = _trees(of, chosen_of)
            found = step_rows(kind, trees, problems, count=count, margin=margin, messages=messages)
            lack = lack if trees else "it holds no trees; grow some with journey grow"
        if not found:
            raise UsageError(f"{of.path} gives no pairs of the kind {kind}: {lack}")
        rows += found
    return rows


def seed_of(chosen_of: str) -> int:
    """The seed that a person means by "2" or "seed-2"; one that no run has for anything else."""
    number = chosen_of.removeprefix("seed-")
    return int(number) if number.isdecimal() else -1


def _judged_trees(of: Run, judge: str | None) -> list[Tree]:
    """The trees of one judge: the named one, or the only one."""
    trees = list(of.trees())
    judges = sorted({t.judge for t in trees})
    if judge is not None and judges and judge not in judges:
        raise UsageError(f"{of.path} has no trees of the judge {judge}; there are those of {', '.join(judges)}")
    out = excluded(of)
    found = [t for t in trees if t.problem not in out and judge in (None, t.judge)]
    if len({t.judge for t in found}) > 1:
        raise UsageError(f"the trees are of several judges ({', '.join(judges)}); choose one with --by")
    return found


def _trees(of: Run, by: str | None) -> list[Tree]:
    """The trees of one model and one judge: those of the seed, model or judge `by`, or the only ones."""
    out = excluded(of)
    seeds = () if by is None else policies(seed_of(by))
    found = [t for t in of.trees() if t.problem not in out and (by in (None, t.policy, t.judge) or t.policy in seeds)]
    for what, names in (("models", {t.policy for t in found}), ("judges", {t.judge for t in found})):
        if len(names) > 1:
            raise UsageError(f"the trees are of several {what} ({', '.join(sorted(names))}); choose one with --by")
    return found


def _no_problems(of: Run) -> list[Row]:
    raise UsageError(f"{of.path} holds no problems to draw answers to; import some, or raise problems.rl in its recipe")


def _no_labels(of: Run) -> list[Row]:
    raise UsageError(f"{of.path} holds no judged steps to train on; grow trees with a judge or import rated ones")


def _attempts(of: Run, chosen_of: str | None) -> list[Attempt]:
    """The attempts at training problems, of one model: that of the seed `chosen_of`, or the only one."""
    out = excluded(of)
    found = [a for a in of.attempts(split="train") if a.problem not in out]
    if chosen_of is not None:
        seed = seed_of(chosen_of)
        sources = {(seed, arm.needs) for arm in ARMS.values() if arm.training == "dpo" and arm.needs}
        found = [a for a in found if label(a.model) == chosen_of or (a.model.seed, a.model.arm) in sources]
    models = sorted({label(a.model) for a in found})
    if len(models) > 1:
        raise UsageError(f"the attempts are of several models ({', '.join(models)}); choose one with --by")
    return found


def _no_pairs(of: Run) -> list[Row]:
    raise UsageError(
        f"no training problem in {of.path} has right and wrong attempts; draw some with "
        f"journey eval {of.path} --model MODEL --split train --decoding sampled --samples 20"
    )
