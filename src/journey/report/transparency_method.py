"""The index's questions on data and methods; each reads what really stands in run, release and paper."""

import re
from collections.abc import Sequence
from typing import Any

from journey.models.weights import TINY
from journey.pipeline.arms import RL
from journey.report.release import made_with
from journey.report.release_data_card import Rights, source_rows
from journey.report.release_models import NO_RL
from journey.report.transparency_evidence import Answer, Paper, Record
from journey.report.transparency_paper import about, from_paper, not_used
from journey.store.entries import Training


def sources(record: Record) -> Answer:
    """Every problem has a source, and the release says whose each is."""
    if record.release is None:
        return Answer(False, record.no_release)
    rights = Rights(record.release.manifest.get("licence"), record.release.manifest.get("sources", {}))
    rows = source_rows(record.run.problems(), rights)
    place = record.release.place("data/README.md#source-and-licences")
    if not rows:
        return Answer(False, "the run holds no problems")
    if nameless := sum(n for name, n, _ in rows if not name):
        return Answer(False, f"{nameless:,} problems name no source", (place,))
    if unknown := [name for name, _, words in rows if words is None]:
        return Answer(False, f"nobody said whose {unknown[0]} is (journey release --source)", (place,))
    return Answer(True, "; ".join(f"{name}: {n:,} problems, {words}" for name, n, words in rows), (place,))


def distribution(record: Record) -> Answer:
    """The card's figures of every part are those of the run."""
    if record.release is None:
        return Answer(False, record.no_release)
    parts = sorted({part for part in record.release.manifest["data"].get("problems", {})})
    counts = {part: record.run.count("problems", split=part) for part in parts}
    place = record.release.place("data/README.md#distribution")
    missing = [part for part, n in counts.items() if f"| {part} | {n:,} |" not in record.release.data_card]
    if missing or not counts:
        return Answer(False, f"the card does not describe the part {(missing or ['problems'])[0]}", (place,))
    words = ", ".join(f"{part} {n:,}" for part, n in counts.items())
    return Answer(True, f"sizes, lengths, answers and levels of {words}; fields in docs/formats.md", (place,))


def filters(record: Record) -> Answer:
    """The card has the filters, and the paper says why this data."""
    if record.release is None:
        return Answer(False, record.no_release)
    place = record.release.place("data/README.md#selection-and-filters")
    _, mark, body = record.release.data_card.partition("## Selection and filters")
    rules = re.findall(r"(?m)^- ", body.split("\n## ")[0])
    if not mark or not rules:
        return Answer(False, "the card has no filters", (place,))
    return from_paper(record, "data", {"because": "a reason (because ...)"}, f"{len(rules)} rules with reasons", place)


def synthetic(record: Record) -> Answer:
    """Each thought's tree is released, every prompt's text is in the card, and a judge checked the steps."""
    run, release = record.run, record.release
    if release is None:
        return Answer(False, record.no_release)
    place = release.place("data/README.md#how-it-was-made")
    if not run.count("thoughts"):
        return Answer(False, "the run holds no thoughts", (place,))
    if hidden := [n for n, kept in made_with(run)["prompts"].items() if f"`{n}` {kept}\n" not in release.data_card]:
        return Answer(False, f"the text of the prompt {hidden[0]} is not in the card", (place,))
    if not release.recipe and not release.manifest["data"].get("trees"):
        return Answer(False, "neither recipe nor trees are released", (place,))
    if "**Quality control.**" not in release.data_card:
        return Answer(False, "the card says nothing of quality control", (place,))
    return Answer(True, "settings, prompts with their texts, judge's verdicts and grader", (place,))


def base_model(record: Record) -> Answer:
    """The cards of all released models have architecture, size and base."""
    if record.release is None:
        return Answer(False, record.no_release)
    models, base = record.release.manifest["models"], str(record.release.manifest["base"])
    if not models:
        return Answer(False, "no model is released")
    for arm, facts in models.items():
        card = record.release.model_card(arm)
        if f"{facts['parameters']:,} parameters" not in card or f"Base model: {base}" not in card:
            return Answer(False, f"the card of {arm} lacks architecture, size or base")
    if base not in _used_bases(record):
        return Answer(False, f"the base {base} is not the one that the run keeps")
    own = ("src/journey/models/tiny/README.md",) if base == TINY else ()
    place = record.release.place(f"models/{next(iter(models))}/README.md#architecture-and-base")
    return Answer(True, f"{base}, {next(iter(models.values()))['parameters']:,} parameters", (place, *own))


def _used_bases(record: Record) -> set[str]:
    recipe = record.release.recipe if record.release is not None else {}
    return {str(recipe.get("student") or recipe.get("model"))}


def search(record: Record) -> Answer:
    """The paper's section on search names every setting that the trees were grown with, the policy and the judge."""
    trees = record.once("trees", lambda: list(record.run.trees()))
    if not trees:
        return not_used(record, "search", "trees")
    settings = trees[0].settings
    if not settings:
        return Answer(False, "the trees keep no settings of how they were grown")
    wanted = {name: name for name, value in settings.items() if value is not None and name != "seed"}
    wanted |= {"policy": "policy", "judge": "judge", trees[0].judge: f"the judge {trees[0].judge}"}
    return from_paper(record, "search", wanted, f"{len(trees):,} trees; every setting, policy and judge are named")


def reinforcement(record: Record) -> Answer:
    """The paper has the objective and the procedure; a run without RL may say openly that it has none."""
    trained = [one for one in record.run.entries(Training) if one.kind == "rl" or (one.arm or "").startswith(RL)]
    if not trained:
        models = {} if record.release is None else record.release.manifest["models"]
        cards = [arm for arm in models if record.release is not None and NO_RL in record.release.model_card(arm)]
        if record.release is not None and models and len(cards) == len(models):
            place = record.release.place(f"models/{cards[0]}/README.md#training-all-stages-in-order")
            also = _places(record.paper, "reinforcement")
            return Answer(True, "not used here, as the models' cards say", (place, *also))
        return not_used(record, "reinforcement", "reinforcement learning")
    wanted = {"log pi": "the objective (log pi)", "advantage": "advantage", "baseline": "the baseline"}
    for one in (resolved for resolved in _settings(record, "arms") if isinstance(resolved, dict)):
        wanted |= {str(name): f"credit by {name}" for name in one.get("credit", {})}
    return from_paper(record, "reinforcement", wanted, f"{len(trained)} trainings; objective, credit and procedure")


def long_thoughts(record: Record) -> Answer:
    """The paper describes each method by which the run made thoughts, step by step."""
    methods = record.once("methods", lambda: sorted({t.method for t in record.run.thoughts()}))
    if not methods:
        return not_used(record, "thoughts", "thoughts")
    wanted = {method: f"the method {method}" for method in methods}
    wanted |= {word: word for word in ("shortcut", "trials", "backtrack", "refine", "segments")}
    done = f"methods {', '.join(methods)}: walk, draft, refinement and checks"
    extra = () if record.release is None else (record.release.place("data/README.md#how-it-was-made"),)
    return from_paper(record, "thoughts", wanted, done, *extra)


def stages(record: Record) -> Answer:
    """Every released model's stages are listed from its base on, each with method, rows, passes and tokens."""
    if record.release is None:
        return Answer(False, record.no_release)
    models = record.release.manifest["models"]
    if not models:
        return Answer(False, "no model is released")
    for arm, facts in models.items():
        for stage in facts["stages"]:
            if lacks := [name for name in ("method", "rows", "steps", "tokens") if stage.get(name) is None]:
                return Answer(False, f"the stage {stage['arm']} of {arm} does not say its {lacks[0]}")
    chain = " and ".join(" -> ".join(one["arm"] for one in facts["stages"]) for facts in models.values())
    places = (record.release.place(f"models/{arm}/README.md#training-all-stages-in-order") for arm in models)
    return Answer(True, chain, tuple(places))


def compute(record: Record) -> Answer:
    """Tokens and FLOPs of every stage stand in the release, machine and time in the paper."""
    if record.release is None:
        return Answer(False, record.no_release)
    found = [one for facts in record.release.manifest["models"].values() for one in facts["stages"]]
    if not found or any(one.get("flops") is None for one in found):
        return Answer(False, "the release has no FLOPs of every stage of its models")
    total = sum({one["arm"]: one["flops"] for one in found}.values())
    wanted = {"core": "the processor's cores", "memory": "memory", "minutes": "the time it takes"}
    return from_paper(record, "compute", wanted, f"{total:.3g} FLOPs of training; machine, memory and time")


def hyper_parameters(record: Record) -> Answer:
    """The release's recipe is the run's, with every default, and each stage has its settings."""
    if record.release is None:
        return Answer(False, record.no_release)
    if not record.release.recipe:
        return Answer(False, "the run keeps no recipe, so its settings are not all known")
    bare = [one["arm"] for facts in record.release.manifest["models"].values() for one in facts["stages"]
            if not one["settings"]]  # fmt: skip
    if bare:
        return Answer(False, f"the settings of the stage {bare[0]} are not kept")
    number = _leaves(record.release.recipe)
    words = f"{number} settings: the recipe's and its version's defaults; every stage's in the cards"
    return Answer(True, words, (record.release.place("recipe.yaml"),))


PARTS = {
    "base": "base model", "phase1": "phase 1", "trees": "search for trees", "judge": "judge", "thoughts": "thoughts",
    "trips": "side trips", "dpo": "preferences", "rl": "credit in RL", "rounds": "rounds",
}  # fmt: skip
"""The main parts of a pipeline, by what the run says of using them, and how the paper's table calls them."""


def ablations(record: Record) -> Answer:
    """Of each main part that the run uses the paper's table of ablations has a row with figures and a link."""
    if record.paper is None:
        return Answer(False, record.no_paper)
    if missing := about(record):
        return Answer(False, f"{record.paper.file} is not about this run: it does not name {missing[0]}")
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in record.paper.section("ablations").splitlines()
        if line.startswith("|")
    ]
    place = record.paper.place("ablations")
    for part in used_parts(record):
        named = [row for row in rows if row[0].lower() == PARTS[part]]
        if not named:
            return Answer(False, f"{PARTS[part]} has no row in the paper's ablations", (place,))
        if not any(re.search(r"\d", " ".join(row[1:])) and "](" in row[-1] for row in named):
            return Answer(False, f"the ablation of {PARTS[part]} has no figure or no link to its measurement", (place,))
    return Answer(True, f"{len(rows) - 2} rows over {', '.join(PARTS[part] for part in used_parts(record))}", (place,))


def used_parts(record: Record) -> list[str]:
    """The main parts that the run uses."""
    run, trained = record.run, record.run.entries(Training)
    arms = {one.arm for one in trained}
    found = {
        "base": bool(trained), "phase1": "phase1" in arms, "trees": run.count("trees") > 0,
        "judge": run.count("trees") > 0, "thoughts": run.count("thoughts") > 0,
        "trips": run.count("thoughts", method="traverse") > 0, "dpo": any(one.kind == "dpo" for one in trained),
        "rl": any(one.kind == "rl" for one in trained), "rounds": any((one.round or 1) > 1 for one in trained),
    }  # fmt: skip
    return [part for part, used in found.items() if used]


def _places(of: Paper | None, section: str) -> tuple[str, ...]:
    return (of.place(section),) if of is not None and of.section(section) else ()


def _settings(record: Record, name: str) -> Sequence[Any]:
    found = record.release.recipe.get(name, {}) if record.release is not None else {}
    return list(found.values()) if isinstance(found, dict) else ()


def _leaves(settings: Any) -> int:
    if isinstance(settings, dict):
        return sum(_leaves(inner) for inner in settings.values()) or 1
    return 1
