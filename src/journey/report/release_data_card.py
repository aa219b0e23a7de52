"""The card of a released data set: source, licences, distribution, filters, prompts, seeds, sizes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean, median
from typing import Any

import yaml

from journey import prompts
from journey.data.problems import PARTS
from journey.errors import UsageError
from journey.pipeline.kept_recipe import kept_recipe
from journey.report.portable import portable
from journey.report.release_data import PARTS_OF, Chosen
from journey.store.entries import Curation, Exclusion, MethodSettings
from journey.store.settings import plain
from journey.tasks.table import TASKS
from journey.thoughts.methods import METHODS
from journey.thoughts.traverse import has_side_trip
from journey.trees.mark import no_thought_reason, wrong_branches
from journey.types import Problem

OWN = "Apache-2.0"
"""The licence of what this package draws itself."""
UNKNOWN = "nobody said whose it is and under which licence"
FIRST_TREES = (
    "Thoughts are of the first {count} trees, in the order of the problems, that hold both a right path and a wrong "
    "branch: from a tree without a right path no arm can learn, and without a wrong branch both thoughts would be the "
    "same text. All arms get the same trees, so that they differ in the way of telling alone."
)
KEPT_ALL = "Thoughts are of every tree with a right path that is made of steps that no judge called wrong."
HELD_OUT = (
    "Test and validation problems are of a part that no model, the base included, was ever trained on; it is chosen by "
    "a hash of the problem's structure, so that no relabelled twin of a test problem was trained on."
)
BY_OUTCOME = "Pairs are of a model's own answers to one problem, a right one over a wrong one by the strict grader."
QUALITY = (
    "- Every step of a tree carries the verdict of its judge, {judges}. Verdicts of the released steps: {verdicts}.\n"
    "- A final answer is checked by the grader of its task, the one that the evaluation uses; right is right there.\n"
    "- A shortcut is a path of steps none of which was judged wrong, to an answer that the grader accepts. A long "
    "thought ends in that same path; each of its pieces names the node of the tree that it tells.\n"
    "- Checksums of all files stand in SHA256SUMS at the top of the release."
)


@dataclass(frozen=True, slots=True)
class Rights:
    """What the releaser says of licences: of the data as a whole, and of single sources by how their names begin."""

    licence: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict[str, str])

    def of(self, source: str, task: str) -> str | None:
        """Whose a source is and under which licence, null where nobody said it."""
        named = [words for name, words in self.sources.items() if source.startswith(name)]
        if named:
            return named[0]
        drawn = task in TASKS and TASKS[task].draw is not None and source in {f"{task}/{part}" for part in PARTS}
        return f"drawn by rule in journey-learning (`journey.tasks`), seeds in the recipe; {OWN}" if drawn else None


def source_rows(problems: Iterable[Problem], rights: Rights) -> list[tuple[str, int, str | None]]:
    """Each source, its number of problems, and whose it is."""
    found = Counter((p.source, p.task) for p in problems)
    return [(name, n, rights.of(name, task)) for (name, task), n in sorted(found.items())]


def licence_of(problems: Iterable[Problem], rights: Rights) -> str:
    """The data set's licence as its card's head has it: given, or that of what the package drew itself."""
    if rights.licence is not None:
        return rights.licence
    whose = {words for _, _, words in source_rows(problems, rights)}
    return OWN.lower() if whose and all(words is not None and words.endswith(OWN) for words in whose) else "unknown"


def data_card(
    chosen: Chosen,
    sizes: Mapping[str, Mapping[str, int]],
    rights: Rights,
    left_out: Sequence[str],
    again: str,
    used_prompts: Mapping[str, str],
) -> str:
    """README.md of the data: its head names a configuration for each kind of row."""
    run = chosen.run
    problems = list(run.problems())
    parts = [
        f"# {run.path.name}: trees, thoughts and rows",
        "Reasoning trees of one policy, the shortcut and the long thought of each, and the rows that models learnt "
        "from. Made by the Python package journey-learning; its docs/formats.md describes every field of a record.",
        '```python\nimport datasets\n\nthoughts = datasets.load_dataset("data", "long_thoughts", split="train")\n```',
        _table(("configuration", "rows", "a row is"), [
            (name, ", ".join(f"{split} {n:,}" for split, n in of.items()), PARTS_OF[name]) for name, of in sizes.items()
        ]),
        "## Source and licences",
        _table(("source", "problems", "whose it is"), [
            (f"`{name}`", f"{n:,}", words or UNKNOWN) for name, n, words in source_rows(problems, rights)
        ]),
        "Trees, thoughts, pairs and rows are made from these problems by the models named below, under the same "
        "licence.",
        "## Distribution",
        *_distribution(chosen, problems),
        "## Selection and filters",
        "\n".join(f"- {one}" for one in _filters(chosen)),
        "## How it was made",
        *_making(chosen, used_prompts),
        "## Left out",
        "\n".join(f"- {one}" for one in left_out),
        "## Made again",
        again,
    ]  # fmt: skip
    return _head(chosen, sizes, licence_of(problems, rights)) + "\n\n".join(parts) + "\n"


def _head(chosen: Chosen, sizes: Mapping[str, Mapping[str, int]], licence: str) -> str:
    total = sum(n for of in sizes.values() for n in of.values())
    bounds = {1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M"}
    languages = sorted({p.language or "en" for p in chosen.run.problems()})
    head = {
        "license": licence,
        "pretty_name": chosen.run.path.name,
        "language": languages,
        "task_categories": ["text-generation"],
        "tags": ["reasoning", "journey-learning"],
        "size_categories": [next((word for most, word in bounds.items() if total < most), "n>1M")],
        "configs": [
            {"config_name": name,
             "data_files": [{"split": split, "path": f"{name}-{split}.parquet"} for split in of]}
            for name, of in sizes.items()
        ],
    }  # fmt: skip
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---\n"


def _distribution(chosen: Chosen, problems: Sequence[Problem]) -> list[str]:
    run, rows = chosen.run, list[tuple[str, ...]]()
    for part in PARTS:
        found = list(run.problems(split=part))
        if found:
            rows.append((part, f"{len(found):,}", _mean(len(p.question.split()) for p in found),
                         f"{len({p.answer for p in found}):,}", _range(found),
                         f"{sum(p.solution is not None for p in found):,}", _levels(found)))  # fmt: skip
    heads = ("part", "problems", "words a question", "different answers", "answers from, median, to", "with a solution",
             "levels, subjects")  # fmt: skip
    trees = list(chosen.trees())
    thoughts = {"long_thoughts": list(chosen.thoughts(short=False)), "shortcuts": list(chosen.thoughts(short=True))}
    sizes = [
        (name, f"{len(texts):,}", _mean(len(t.text.split()) for t in texts),
         _mean(len(t.text.splitlines()) for t in texts), f"{sum(map(has_side_trip, texts)):,}")
        for name, texts in thoughts.items() if texts
    ]  # fmt: skip
    branched = sum(bool(wrong_branches(tree)) for tree in trees)
    grown = [
        f"{len(trees):,} trees, {_mean(len(tree.nodes) for tree in trees)} steps each on average; {branched:,} have a "
        f"wrong branch. Trees that give no thought, by reason: {_without(trees)}."
    ]
    drawn = below(kept_recipe(run), "problems", "puzzles")
    settings = [f"Problems are drawn by these settings:\n\n{_yaml(drawn)}"] if drawn else []
    lengths = [_table(("thoughts", "number", "words", "lines", "with a side trip"), sizes)] if sizes else []
    return [_table(heads, rows), *settings, *(grown if trees else []), *lengths]


def _filters(chosen: Chosen) -> list[str]:
    run, recipe = chosen.run, kept_recipe(chosen.run)
    tasks = {p.task for p in run.problems()}
    count = below(recipe, "trees", "count")
    found = [HELD_OUT] if any(TASKS[name].is_held_out for name in tasks if name in TASKS) else []
    found.append(FIRST_TREES.format(count=count) if count else KEPT_ALL)
    for entry in run.entries(Curation)[-1:]:
        found.append("Curation dropped of the source: " + _counts(entry.dropped) + ".")
    if curate := below(recipe, "problems", "curate"):
        found.append(f"Rules of curation: {portable(curate)}.")
    if taken := run.entries(Exclusion):
        why = Counter(", ".join(map(str, one.why)) for one in taken)
        found.append(f"{len(taken)} problems were taken out of training and are in no rows, by reason: {_counts(why)}.")
    if below(recipe, "arms", "dpo") is not None:
        found.append(BY_OUTCOME)
    return found


def _making(chosen: Chosen, used_prompts: Mapping[str, str]) -> list[str]:
    trees = list(chosen.trees())
    policies, judges = (sorted({portable(getattr(t, name)) for t in trees}) for name in ("policy", "judge"))
    verdicts = Counter(
        "not judged" if node.judgement is None else node.judgement.verdict or "could not say"
        for tree in trees for node in tree.nodes
    )  # fmt: skip
    grown = portable(dict(trees[0].settings)) if trees else {}
    seed = "no seed of an experiment" if chosen.seed is None else f"seed {chosen.seed}"
    blocks = [
        f"Of {seed}; every random stream follows from it and from the content of the record that it is drawn for."
    ]
    if trees:
        blocks += [f"**Trees.** Policy: {', '.join(policies)}. Judge: {', '.join(judges)}. Settings:\n\n{_yaml(grown)}"]
    used = {thought.method for short in (True, False) for thought in chosen.thoughts(short=short)}
    if used:
        methods = {name: _settings_of(chosen, name) for name in sorted(used)}
        blocks.append(f"**Thoughts.** Methods and their settings:\n\n{_yaml(methods)}")
    texts = [_prompt(name, kept) for name, kept in sorted(used_prompts.items())]
    if texts:
        blocks.append("**Prompts**, with the hash that the run keeps of each:\n\n" + "\n\n".join(texts))
    quality = QUALITY.format(judges=" and ".join(judges) or "none", verdicts=_counts(verdicts) or "none")
    return [*blocks, f"**Quality control.**\n\n{quality}"]


def below(settings: Any, *names: str) -> Any:
    """A setting below others, null where there is none."""
    for name in names:
        settings = settings.get(name) if isinstance(settings, Mapping) else None
    return settings


def _settings_of(chosen: Chosen, method: str) -> Any:
    """The settings of a thought method: the recipe's, else those that the run keeps; null where it has none."""
    if chosen.recipe is not None and method in METHODS:
        own = chosen.recipe.thoughts.of(method)
        return None if own is None else plain(asdict(own))
    return next((portable(one.settings) for one in chosen.run.entries(MethodSettings, method=method)), None)


def _prompt(name: str, kept: str) -> str:
    """A prompt's text, where this version's is the one that the run was made with."""
    try:
        same = prompts.hash(name) == kept
    except UsageError:
        same = False
    text = f"\n\n```text\n{prompts.load(name).strip()}\n```" if same else " (another version's; its text is not here)"
    return f"`{name}` {kept}{text}"


def _without(trees: Iterable[Any]) -> str:
    return _counts(Counter(reason for tree in trees if (reason := no_thought_reason(tree)) is not None)) or "none"


def _levels(problems: Sequence[Problem]) -> str:
    levels, subjects = Counter(p.level for p in problems if p.level), Counter(p.subject for p in problems if p.subject)
    return "; ".join(filter(None, (_counts(levels), _counts(subjects)))) or "-"


def _range(problems: Sequence[Problem]) -> str:
    numbers = sorted(float(p.answer) for p in problems if p.answer.lstrip("-").replace(".", "", 1).isdigit())
    return f"{numbers[0]:g}, {median(numbers):g}, {numbers[-1]:g}" if numbers else "-"


def _mean(values: Iterable[float]) -> str:
    found = list(values)
    return f"{fmean(found):.1f}" if found else "-"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name}: {n:,}" for name, n in sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _yaml(settings: Any) -> str:
    return f"```yaml\n{yaml.safe_dump(settings, sort_keys=False, allow_unicode=True).strip()}\n```"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, [":--"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
