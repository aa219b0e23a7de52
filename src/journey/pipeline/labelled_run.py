"""What people wrote in the studio: labels and notes as rows, and a run of trees as people judged them."""

from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.pipeline.parts import take_problems
from journey.store.labels import Written, label_json, labels, written
from journey.store.run import Run
from journey.trees.people import divided, preferred, verdicts_of_steps
from journey.types import Judgement, Tree, content_hash


def label_rows(path: Path, annotator: str | None) -> list[dict[str, Any]]:
    """The latest label of each annotator (or of that one) about each item, drafts too. Raises UsageError for none."""
    found = labels(path, annotator=annotator)
    if not found:
        who = "" if annotator is None else f" by {annotator}"
        raise UsageError(f"{path} holds no labels{who}; make some with journey view {path}, on its page Label")
    return [label_json(one) for one in found]


def note_rows(of: Run, annotator: str | None) -> list[dict[str, Any]]:
    """The notes that were submitted, one problem a row, as `journey derive --method annotate --notes` reads them.

    Raises UsageError where there are none, or where several people wrote on one problem and nobody was chosen.
    """
    found = [one for one in written(of.path, annotator=annotator) if one.state == "submitted"]
    if not found:
        raise UsageError(f"nobody has submitted notes in {of.path}; write some with journey view {of.path}, page Label")
    by_problem: dict[str, Written] = {}
    for one in found:
        if one.problem in by_problem:
            names = f"{by_problem[one.problem].annotator} and {one.annotator}"
            raise UsageError(f"{names} wrote notes on the same problem; choose one of them with --by NAME")
        by_problem[one.problem] = one
    return [_note_row(of, one) for one in by_problem.values()]


def _note_row(of: Run, one: Written) -> dict[str, Any]:
    problem = of.problem(one.problem)
    if problem is None:
        raise UsageError(f"{of.path} lacks problem {one.problem}, which {one.annotator} wrote notes on; import it")
    notes = [{"kind": n.kind, "text": n.text} | ({} if n.reason is None else {"reason": n.reason}) for n in one.notes]
    return {
        "id": problem.id, "question": problem.question, "answer": problem.answer, "author": one.annotator,
        "made": one.made, "notes": notes,
    }  # fmt: skip


def labelled_run(source: Path, out: Path) -> dict[str, int]:
    """Puts the problems and trees of the run `source` into the run `out`, people's verdicts in place of the judge's.

    How many `trees` there are, how many `changed`, how many steps `turned` to another verdict, and on how many people
    are `divided` (there the judge's stays). Raises UsageError where nobody submitted a verdict, or where `out` was made
    from other labels.
    """
    if source.resolve() == out.resolve():
        raise UsageError(f"{out} holds the trees as the judge saw them; name another run with --out")
    all_labels = labels(source)
    verdicts = verdicts_of_steps(all_labels)
    if not verdicts:
        raise UsageError(f"nobody has submitted a verdict in {source}; label some with journey view {source}")
    with Run.read(source) as of:
        # With other verdicts it is another run.
        judged_steps = sorted((t, i, j.verdict, j.reason) for t, steps in verdicts.items() for i, j in steps.items())
        config = {**of.config, "labels": {"of": str(source), "said": content_hash("said", judged_steps)}}
        with Run.open(out, config, ignore=("labels.of",)) as into:
            take_problems(of, into, str(source))
            counts = _put_trees(of, into, verdicts)
    return counts | {"divided": divided(all_labels)}


def _put_trees(of: Run, into: Run, verdicts: dict[str, dict[int, Judgement]]) -> dict[str, int]:
    counts = {"trees": 0, "changed": 0, "turned": 0}
    waiting: list[Tree] = []
    for tree in of.trees():
        changed = preferred(tree, verdicts.get(tree.id, {}))
        counts["trees"] += 1
        counts["changed"] += changed is not tree
        counts["turned"] += len(changed.settings["labelled"]["turned"]) if changed is not tree else 0
        waiting.append(changed)
        if len(waiting) >= 500:
            into.put_all("trees", waiting)
            waiting.clear()
    into.put_all("trees", waiting)
    return counts
