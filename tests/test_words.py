"""Names in the field's plain words: a private dialect is refused in modules, functions, classes, parameters, fields."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "journey"
# Modules that still use the dialect; the list only gets shorter.
STILL = set(
    """
answers/check.py answers/find.py answers/lists.py answers/plain.py answers/pool.py answers/words.py commands/asking.py
commands/collecting.py commands/decontaminate.py commands/derive.py commands/doctor.py commands/drawing.py
commands/eval.py commands/eval_judges.py commands/export.py commands/fitting.py commands/import_.py
commands/labelling.py commands/loading.py commands/options.py commands/progress.py commands/quality.py
commands/ranking.py commands/searching.py commands/spending.py commands/sweeping.py commands/train.py
commands/training_rows.py data/contamination.py data/problems.py data/trained_texts.py evals/judged.py
evals/judging.py evals/judging_counts.py evals/quality.py judges/base.py judges/classifier.py
judges/classifier_forms.py judges/combine.py judges/critic.py judges/critic_form.py judges/recorded.py
judges/scripted.py metrics/compute.py models/server.py models/server_retry.py pipeline/collection.py
pipeline/derive.py pipeline/executor.py pipeline/experiment.py pipeline/fan_out.py pipeline/outcome.py
pipeline/recipe.py pipeline/stages.py pipeline/sweep.py pipeline/sweep_points.py report/drawing.py report/figures.py
report/scaling.py search/best_of_n.py store/excluded.py store/faults.py store/labels.py store/run.py store/schema.py
studio/compare_place.py studio/compare_sides.py studio/compare_thoughts.py studio/compare_words.py
studio/export_page.py studio/facts.py studio/head.py studio/label_agreement.py studio/label_item.py
studio/label_notes.py studio/label_queue.py studio/labelling.py studio/list_page.py studio/reading.py studio/serve.py
studio/tree_data.py tasks/code/runner.py thoughts/explain.py thoughts/tagged.py thoughts/thinking.py thoughts/trail.py
training/encode.py training/launch.py training/silence.py training/step_rows.py trees/label.py trees/people.py
trees/rejudge.py
""".split()
)
DIALECT = {
    "purse", "said", "voice", "unknowing", "lend", "lent", "calm", "quiet", "wish", "wished", "told", "asked",
    "telling", "deed", "deeds", "river", "station", "stations", "forest", "at_once", "spoken",
}  # fmt: skip


def names(file: Path) -> Iterator[str]:
    """The names that a module gives: its own, its functions', classes', parameters' and fields'."""
    yield file.stem
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.arg():
                yield node.arg
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]) if (
                node.col_offset == 0 or isinstance(node, ast.AnnAssign)
            ):
                yield name


def words(name: str) -> set[str]:
    """The words of a name, as `budget_tracker` and `BudgetTracker` have two."""
    return {part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def offences() -> dict[str, set[str]]:
    """The names of each module that use a word of the dialect."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in sorted(SOURCE.rglob("*.py")):
        for name in names(file):
            if words(name) & DIALECT or "at_once" in name or name == "Measured":
                found[file.relative_to(SOURCE).as_posix()].add(name)
    return found


def test_no_other_module_uses_the_dialect_in_its_names() -> None:
    found = offences()
    left = sorted(STILL & set(found))
    print(f"{len(left)} modules still use it: {', '.join(left)}")
    assert {module: sorted(names) for module, names in found.items() if module not in STILL} == {}
