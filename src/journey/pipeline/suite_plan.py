"""What a suite asks of which models before and after training: the plan, and what it costs at most."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from journey.data.problems import TRAINED_PARTS, part
from journey.errors import UsageError
from journey.evals import attempts, graded_answers, suites
from journey.evals.attempts import Decoding
from journey.evals.rule_graders import MATCH, REFUSAL
from journey.evals.suites import Item, Material, Part
from journey.models.budget import Usage
from journey.models.estimate import Estimate
from journey.models.weights import reader_of
from journey.pipeline import plain_settings, registry
from journey.pipeline.arms import ARMS
from journey.pipeline.eval_options import EvalOptions, problems_of, servers_of
from journey.pipeline.evaluation import CRITIC, grading_model
from journey.pipeline.evaluation_settings import Evaluation
from journey.pipeline.run_judges import judge_settings, settings_label
from journey.pipeline.trained_models import weights_of
from journey.store.entries import Training
from journey.store.run import Run
from journey.tasks.base import Task
from journey.tasks.table import ask, shared_task
from journey.types import Problem

RULE = "rule"
"""What `--judge` says where rules grade what a model should judge."""
JUDGED = ("facts", "safety")
EXACT = "the puzzle's rules, exactly"
COUNT = 200  # problems a part, where nothing else is said


@dataclass(frozen=True, slots=True)
class Compared:
    """The names of the models that are compared: each of `after` with each of `before` (of its own seed)."""

    before: Sequence[str]
    after: Sequence[str]

    @property
    def names(self) -> list[str]:
        """All of them, each once, those before first."""
        return list(dict.fromkeys((*self.before, *self.after)))


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """A part with its problems and how they are answered; `cannot` says why a model is not asked, by its name."""

    number: int
    part: Part
    items: Sequence[Item]
    decoding: Decoding
    graded_by: str
    cannot: Mapping[str, str]
    reason: str | None = None

    @property
    def problems(self) -> list[Problem]:
        """The problems in order."""
        return [one.problem for one in self.items]


@dataclass(frozen=True, slots=True)
class SuitePlan:
    """Everything that is asked."""

    suite: str
    compared: Compared
    parts: Sequence[PlannedPart]
    material: Material
    options: EvalOptions
    grader: str | None

    def estimate(self, of: Run) -> list[Estimate]:
        """What the models are asked at most: those that answer, and the one that grades."""
        settings = judge_settings(of, self.options.settings)[CRITIC]
        most: dict[tuple[str, str], Usage] = {}
        for name in self.compared.names:
            for one in self.parts:
                if not one.items or name in one.cannot:
                    continue
                found = [attempts.estimate(one.problems, name, ask, one.decoding)]
                if self.grader is not None and one.part.grading in JUDGED:
                    longest = one.decoding.max_tokens
                    found.append(graded_answers.estimate(one.problems, self.grader, 1, longest, settings))
                for each in found:
                    key = (each.model, each.purpose)
                    most[key] = most.get(key, Usage()) + each.most
        return [Estimate(*key, used) for key, used in most.items()]


def compared_models(of: Run, model: str | None, before: Sequence[str]) -> Compared:
    """The models: by name, else every arm that the run trained against its phase 1 and its base. Raises UsageError.

    A model of the run that is named alone is compared with these, too.
    """
    recipe = of.config.get("recipe", {})
    base = str(recipe.get("student") or recipe.get("model") or "")
    trained = [t for t in of.entries(Training) if (of.path / "models" / t.model / "config.json").is_file()]
    arms = [t for t in trained if t.arm in ARMS and ARMS[t.arm].decoding(Evaluation())]
    first = [t.model for t in arms if ARMS[str(t.arm)].policy]
    after = [t.model for t in arms if t.model not in first]
    if model is not None:
        seed = of.model_ref(model).seed
        of_seed = [name for name in first if of.model_ref(name).seed == seed]
        usual = [*filter(None, [base]), *of_seed] if model in after else []
        if not (before or usual):
            raise UsageError(f"{model} was not trained in {of.path}; name the model before it, as in --before NAME")
        return Compared(list(before) or usual, [model])
    if not after:
        raise UsageError(
            f"{of.path} holds no trained arms to compare; train them with journey run RECIPE --out {of.path}, or name "
            "the models with --model and --before"
        )
    return Compared(list(before) or [*filter(None, [base]), *first], after)


def plan_suite(
    of: Run, suite: str, compared: Compared, files: Mapping[str, Path], limit: int | None, options: EvalOptions
) -> SuitePlan:
    """What is asked of which model. Raises UsageError for what does not go together, a missing judge among it."""
    own = problems_of(of, _tested(of), None)
    task = shared_task(own)
    material = Material(task=task, own=own, count=limit or COUNT, seed=options.seed or 0, files=files)
    parts = suites.parts_of(suite, task)
    suites.check_files(parts, files)
    judged = [one.name for one in parts if one.file in files and one.grading in JUDGED]
    if judged and options.judge is None:
        raise UsageError(
            f"answers to {judged[0]} are graded by a model or by a rule; name it, as in --judge critic:openai/NAME or "
            f"--judge {RULE}"
        )
    grader = None if options.judge in (None, RULE) else grading_model(of, str(options.judge), options)
    for name in compared.names:
        _check_model(of, name, options)
    rule = _rule(of, suite, options, has_arms=any(of.model_ref(name).arm for name in compared.after))
    trained = {id for name in TRAINED_PARTS for id in of.ids("problems", split=name)}
    readers = {name: reader_of(path) for name in compared.names if (path := weights_of(of, name)) is not None}
    reasons = {one.name: suites.missing(one, material) for one in parts}
    first = sorted(parts, key=lambda one: one.file is None)  # what is wrong in a user's file is found before the rest
    made = {one.name: one.make(material) for one in first if reasons[one.name] is None}
    found: list[PlannedPart] = []
    for number, one in enumerate(parts):
        reason = reasons[one.name]
        items = [a for a in made.get(one.name, ()) if a.problem.id not in trained]
        if not items and reason is None:
            reason = "none of its problems is held out from training"
        by, graded_by = ("", None) if reason else _graded_by(one, task, options, grader)
        cannot = {name: why for name, read in readers.items() if items and (why := _lacks(read, items)) is not None}
        if items and len(cannot) == len(compared.names):
            reason = next(iter(cannot.values()))
        found.append(PlannedPart(number, one, items, replace(rule, graded_by=graded_by), by, cannot, reason))
    return SuitePlan(suite, compared, found, material, options, grader)


def _graded_by(one: Part, task: Task, options: EvalOptions, grader: str | None) -> tuple[str, str | None]:
    """Who grades a part, in words, and the name in attempts; null: rules of the task."""
    match one.grading:
        case "exact" if task.ground is not None:
            return EXACT, None
        case "exact" | "reader":
            return "the task's reader of answers", None
        case "facts" | "safety" if grader is not None:
            name = f"{CRITIC}:{grader}{settings_label(options.settings)}"
            return name, name
        case "facts":
            return MATCH, MATCH
        case "safety":
            return REFUSAL, REFUSAL


def _rule(of: Run, suite: str, options: EvalOptions, *, has_arms: bool) -> Decoding:
    """How answers are drawn: as the run's arms are compared, greedily where there are none; one length limit for all.

    Attempts are told apart by its name, which says the suite and what is different from that.
    """
    kept = of.config.get("recipe", {}).get("evaluation", {})
    main = plain_settings.typed(Evaluation, kept, f"the settings of {of.path}")
    if options.samples > 1 or options.budget is not None or options.allow_code:
        raise UsageError("a suite has one answer a problem; leave --samples, --allow-code and --set budget away")
    is_greedy = not has_arms and not options.temperature if options.decoding is None else options.decoding == "greedy"
    if is_greedy and (options.temperature or options.top_p is not None):
        raise UsageError("greedy answers have no temperature and no top-p; say --decoding sampled")
    usual = main.greedy_rule() if is_greedy else main.main_rule()
    given = {name: value for name in ("temperature", "top_p", "max_tokens")
             if (value := getattr(options, name)) is not None}  # fmt: skip
    others = {name: value for name, value in given.items() if value != getattr(usual, name)}
    if options.seed is not None:
        others["seed"] = options.seed
    name = " ".join((suite, usual.name, *(f"{key}={value:g}" for key, value in others.items())))
    return replace(usual, **given, name=name)


def _tested(of: Run) -> str:
    split = of.config.get("recipe", {}).get("evaluation", {}).get("split", "test")
    return split if part(of, split) else "test"


def _check_model(of: Run, name: str, options: EvalOptions) -> None:
    """Raises UsageError for a model that no name here means, before anything is loaded."""
    if weights_of(of, name) is None:
        registry.check_names([name], "exact", servers_of(of, options.servers))


def _lacks(read: Callable[[str], str | None], items: Sequence[Item]) -> str | None:
    """Why a model cannot answer: what its vocabulary lacks of the questions and solutions; null where it can."""
    for one in items:
        for text in (one.problem.question, one.problem.solution or ""):
            if (piece := read(text)) is not None:
                return f"its vocabulary has no word {piece!r}"
    return None
