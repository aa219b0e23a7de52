"""The index's questions on evaluation and open source; each reads what really stands in run, release and paper."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from journey.pipeline.arms import compared, method_of
from journey.pipeline.outcome import Outcome, outcome
from journey.report.release import COMMANDS, OWN_FILES
from journey.report.release_models import METRICS
from journey.report.transparency_evidence import Answer, Record
from journey.report.transparency_paper import about, from_paper
from journey.store.entries import Training
from journey.tasks.table import task_of
from journey.training.kinds import TRAININGS

SECTIONS = (
    "problem", "method", "data", "base model", "search", "thoughts", "training", "compute", "reinforcement",
    "evaluation", "results", "ablations", "limits", "related work", "figures",
)  # fmt: skip
"""What a full technical paper has a section on."""
LEAST_WORDS = 3000
OWN = {
    "votes": ("maj", "votes at equal output tokens"),
    "tokens": ("trained tokens", "equal trained tokens"),
    "finished": ("finished", "the share of finished answers"),
    "behaviours": ("wrong branch", "behaviours after a wrong branch"),
}
"""Measures that are not the field's, by what a report holds of them: what a paper names, and in words."""


def benchmark(record: Record) -> Answer:
    """The paper says why the run's problems are fit to answer its question."""
    if not _found(record).arms:
        return Answer(False, "the run compares nothing on any problems")
    task = task_of(next(record.run.problems())).name
    wanted = {"why": "why this benchmark", task: f"the task {task}", "held out": "that problems are held out"}
    return from_paper(record, "evaluation", wanted, f"why {task}, held out from every training")


def level(record: Record) -> Answer:
    """The released cards or the paper say what is judged: answers, steps, or both."""
    if not _found(record).arms:
        return Answer(False, "the run evaluates no answers")
    wanted = {"answer level": "the answer level", "step level": "the step level"}
    return from_paper(record, "evaluation", wanted, "answers by the task's grader, steps by the judge")


def metrics(record: Record) -> Answer:
    """Every figure of a report has its meaning in the released cards."""
    if record.release is None:
        return Answer(False, record.no_release)
    models = record.release.manifest["models"]
    cards = {arm: record.release.model_card(arm) for arm in models}
    if not cards:
        return Answer(False, "no model is released, so no card defines the figures")
    for arm, card in cards.items():
        if lacks := [name for name in METRICS if f"**{name}**" not in card]:
            return Answer(False, f"the card of {arm} does not define {lacks[0]}")
    place = record.release.place(f"models/{next(iter(cards))}/README.md#evaluation")
    return Answer(True, ", ".join(METRICS), (place,))


def own_metrics(record: Record) -> Answer:
    """The paper says why each measure is there that is not the field's usual one."""
    found = _found(record)
    if not found.arms:
        return Answer(False, "the run measures nothing")
    used = {"finished", "behaviours"} | ({"votes"} if found.has(*compared()) else set())
    used |= {"tokens"} if "shortcut_tokens" in found.arms else set()
    wanted = {sought: words for name in sorted(used) for sought, words in (OWN[name],)} | {
        "measures of our own": "them"
    }
    return from_paper(record, "evaluation", wanted, ", ".join(OWN[name][1] for name in sorted(used)))


def same_metrics(record: Record) -> Answer:
    """All arms answered the same problems, by the same decodings, in every finished seed."""
    found = _found(record)
    if len(found.arms) < 2:
        return Answer(False, "the run compares no two arms")
    tried = {
        (seed, arm): (frozenset(a.problem for a in found.by_arm[seed, arm].main),
                      frozenset(a.problem for a in found.by_arm[seed, arm].greedy))
        for seed in found.finished for arm in found.arms
    }  # fmt: skip
    first = next(iter(tried.values()))
    if other := [key for key, problems in tried.items() if problems != first]:
        seed, arm = other[0]
        return Answer(False, f"{arm} of seed {seed} answered other problems, or otherwise, than the first arm")
    place = () if record.release is None else (record.release.place("report/report.md"),)
    return Answer(
        True, f"{len(found.arms)} arms, the same {len(first[0])} problems; finished seeds: {len(found.finished)}", place
    )


def conditions(record: Record) -> Answer:
    """The temperature, top-p and limit of every decoding that arms are compared by are kept and released."""
    if not _found(record).arms:
        return Answer(False, "the run evaluates nothing")
    if record.release is None:
        return Answer(False, record.no_release)
    rules: Mapping[str, Any] = record.release.recipe.get("evaluation", {})
    if lacks := [name for name in ("temperature", "top_p", "max_tokens") if rules.get(name) is None]:
        return Answer(False, f"the run does not keep the {lacks[0]} of its answers")
    how = f"temperature {rules['temperature']}, top-p {rules['top_p']}, at most {rules['max_tokens']} tokens"
    greedy = ", and greedy" if rules.get("greedy") else ""
    return Answer(True, f"{how}{greedy}; the same for all arms", (record.release.place("recipe.yaml"),))


def training_data(record: Record) -> Answer:
    """The rows of every released model's stages are in the release."""
    return _rows(record, "rows", "rows that models learnt from")


def thoughts_released(record: Record) -> Answer:
    """Every long thought of the released seed is in the release."""
    if record.release is None:
        return Answer(False, record.no_release)
    seed = record.release.manifest["seed"]
    where = {"seed": seed} if seed is not None and record.run.count("thoughts", seed=seed) else {}
    ours = record.run.count("thoughts", **where) - record.run.count(
        "thoughts", **where, method=method_of(compared()[0])
    )
    theirs = sum(record.release.manifest["data"].get("long_thoughts", {}).values())
    if theirs and theirs < ours:
        return Answer(False, f"{theirs} of {ours} long thoughts are released")
    return _rows(record, "long_thoughts", "long thoughts")


def _rows(record: Record, name: str, what: str) -> Answer:
    if record.release is None:
        return Answer(False, record.no_release)
    found: dict[str, int] = record.release.manifest["data"].get(name, {})
    places = [f"data/{name}-{split}.parquet" for split in found]
    if not found or not all((record.release.folder / place).is_file() for place in places):
        return Answer(False, f"no {what} are in the release")
    return Answer(True, f"{sum(found.values()):,} {what}", tuple(record.release.place(place) for place in places))


def weights(record: Record) -> Answer:
    """Weights lie in the release, of models that the run trained."""
    if record.release is None:
        return Answer(False, record.no_release)
    trained = {one.model for one in record.run.entries(Training)}
    models = record.release.manifest["models"]
    if not models:
        return Answer(False, "no weights are in the release")
    if strange := [arm for arm, facts in models.items() if facts["of"] not in trained]:
        return Answer(False, f"the run did not train the released model {strange[0]}")
    words = ", ".join(f"{arm} ({record.release.manifest['dtype'] or 'as trained'})" for arm in models)
    return Answer(True, words, tuple(record.release.place(f"models/{arm}") for arm in models))


def training_code(record: Record) -> Answer:
    """Every model of the run was trained by a method of this package, whose code is open."""
    trained = record.run.entries(Training)
    if not trained:
        return Answer(False, "nothing was trained in this run")
    if strange := [one.model for one in trained if (one.kind or "sft") not in TRAININGS]:
        return Answer(False, f"{strange[0]} was trained by nothing of this package")
    found = sorted({one.kind or "sft" for one in trained})
    return Answer(True, f"{', '.join(found)}, Apache-2.0", ("src/journey/training", "src/journey/pipeline"))


def evaluation_code(record: Record) -> Answer:
    """Answers were graded by rules of this package, whose code is open."""
    if not record.run.count("attempts"):
        return Answer(False, "nothing was evaluated in this run")
    by_model = {one.graded_by for one in record.run.attempts() if one.graded_by is not None}
    if by_model:
        return Answer(False, f"answers were graded by {min(by_model)}, which is no code")
    task = task_of(next(record.run.problems())).name
    place = f"src/journey/tasks/{task}" if files("journey.tasks").joinpath(task).is_dir() else "src/journey/answers"
    return Answer(True, f"the grader of {task}, Apache-2.0", ("src/journey/evals", place))


def guide(record: Record) -> Answer:
    """The release has the commands that make it again from a recipe, by whoever has nothing else."""
    if record.release is None:
        return Answer(False, record.no_release)
    if "journey run" not in record.release.commands or not record.release.recipe:
        return Answer(False, "the release has no commands that make it again")
    lines = record.release.commands.splitlines()
    own = [files.strip(" .") for line in lines if (files := line.removeprefix(f"# {OWN_FILES}")) != line]
    if own:
        why = f"the commands need files that are not in the release: {own[0]}; name a Hub data set in the recipe"
        return Answer(False, why, (record.release.place(COMMANDS),))
    return Answer(True, "commands from the recipe to the checksums", (record.release.place(COMMANDS), "docs/tour.md"))


def paper(record: Record) -> Answer:
    """The paper is about this run, has every section, and is no post."""
    if record.paper is None:
        return Answer(False, record.no_paper)
    if missing := about(record):
        return Answer(False, f"{record.paper.file} is not about this run: it does not name {missing[0]}")
    if lacks := [word for word in SECTIONS if not record.paper.section(word).strip()]:
        return Answer(False, f"it has no section on {lacks[0]}", (record.paper.file.as_posix(),))
    words = len(record.paper.text.split())
    if words < LEAST_WORDS:
        return Answer(False, f"{words:,} words are a post, no paper", (record.paper.file.as_posix(),))
    return Answer(True, f"{len(record.paper.sections)} sections, {words:,} words", (record.paper.file.as_posix(),))


def _found(record: Record) -> Outcome:
    return record.once("outcome", lambda: outcome(record.run))
