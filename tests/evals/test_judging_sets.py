"""Files of labelled steps in every published form, and recorded judges on the real ones."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from real_data import rows, sample, whole

from journey.data.step_labels import load, load_prm800k
from journey.errors import UsageError
from journey.evals.judging import JudgeFigures, JudgingSettings, judge_set, measure
from journey.judges.recorded import load_recorded
from journey.judges.scripted import Scripted
from journey.types import make_problem

QUICK = JudgingSettings(rounds=50)


def values(found: JudgeFigures) -> dict[str, float | None]:
    return {name: None if one is None else one.value for name, one in found.figures.items()}


ROWS: dict[str, tuple[dict[str, Any], list[str | None]]] = {
    "processbench": (
        {"id": "x", "problem": "q", "steps": ["a", "b", "c"], "label": 1, "final_answer_correct": True},
        ["right", "wrong", None],
    ),
    "processbench right": ({"id": "x", "problem": "q", "steps": ["a", "b"], "label": -1}, ["right", "right"]),
    "mistake": (
        {"id": "x", "input": "q", "steps": ["a", "b"], "mistake_index": 0, "target": "1", "answer": "2"},
        ["wrong", None],
    ),
    "mr_gsm8k": (
        {
            "uuid": "x", "question": "q", "ground_truth_answer": "1", "model_output_steps": ["a", "b"],
            "model_output_solution_first_error_step": 2,
        },
        ["right", "wrong"],
    ),
    "mr_math": (
        {
            "id": 0, "question": "q", "ground_truth_answer": "1", "model_output_step_format": [["a", "b"], ["c"]],
            "model_output_solution_first_error_step": "N/A",
        },
        ["right", "right"],
    ),
    "mr_ben": (
        {
            "Question_UUID": "x", "Sampled_Model": "m", "Question": "q", "Options": "A: 1", "Ground_Truth_Answer": "A",
            "Model_Solution_Steps": ["a", "b"], "Model_Solution_First_Error_Step": "1",
        },
        ["wrong", None],
    ),
    "prmbench": (
        {
            "idx": "x", "classification": "circular", "modified_question": "q", "modified_process": ["a", "b", "c"],
            "error_steps": [2],
        },
        ["right", "wrong", "right"],
    ),
    "perturbed": (
        {
            "id": 0, "question": "q", "ground_truth_answer": "1", "hypothesis_steps": ["a", "b", "b"],
            "error_type": "repeat step", "tags": 1,
        },
        ["right", "right", "neutral"],
    ),
    "redundancy": (
        {
            "id": 0, "question": "q", "ground_truth_answer": "1", "model_output_step_format": [["a"], ["b"]],
            "rating": [1, 0],
        },
        ["right", "neutral"],
    ),
    "ours": ({"question": "q", "steps": ["a", "b"], "labels": ["neutral", None]}, ["neutral", None]),
}  # fmt: skip


def written(folder: Path, *rows: object, name: str = "set.jsonl") -> Path:
    file = folder / name
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


@pytest.mark.parametrize("name", ROWS)
def test_every_published_format_is_known_by_its_keys(tmp_path: Path, name: str) -> None:
    row, labels = ROWS[name]
    found = load(written(tmp_path, row))
    assert list(found.items[0].labels) == labels
    assert found.name == "set" and found.items[0].is_solution
    assert found.bad == ("neutral" if name == "redundancy" else "wrong")


def test_perturbations_without_a_wrong_step_are_left_out_and_counted(tmp_path: Path) -> None:
    row, _ = ROWS["perturbed"]
    found = load(written(tmp_path, row, row | {"error_type": "swap steps", "tags": [0, 1]}))
    assert len(found.items) == 1 and found.skipped == {"swap steps: no single step is wrong": 1}


@pytest.mark.parametrize(
    "change", [{"label": 7}, {"label": "two"}, {"steps": "abc"}, {"steps": [1, 2]}, {"problem": None, "steps": None}]
)
def test_a_row_that_is_not_as_the_others_is_said_with_its_line(tmp_path: Path, change: dict[str, Any]) -> None:
    row, _ = ROWS["processbench"]
    with pytest.raises(UsageError, match="line 2 is no row of ProcessBench"):
        load(written(tmp_path, row, row | change))


def test_files_that_hold_no_labelled_steps_are_refused(tmp_path: Path) -> None:
    for content in ({"question": "q", "answer": "a"}, {}):
        with pytest.raises(UsageError, match="no format of labelled steps"):
            load(written(tmp_path, content))


async def test_recordings_are_joined_with_the_set_beside_them_or_carry_their_steps(tmp_path: Path) -> None:
    row, _ = ROWS["mr_math"]
    written(tmp_path, row)
    file = written(
        tmp_path,
        {"dataset": "set", "model": "a", "id": 0, "scores": [0.9, 0.2, 0.7]},
        {"question": "q2", "steps": ["x"], "model": "b", "scores": [0.9]},
        name="recorded.jsonl",
    )
    judge = load_recorded(f"{file}#a", load)
    assert judge.name == "recorded:a"
    said = await judge.judge_solution(make_problem("q", "1"), ["a\nb", "c"])
    assert [(one.verdict, one.score) for one in said] == [("wrong", 0.2), ("right", 0.7)]
    other = await load_recorded(f"{file}#b", load).judge(make_problem("q2", ""), [], ["x"])
    assert other[0].verdict == "right"
    for name in (f"{file}", f"{file}#c"):
        with pytest.raises(UsageError, match="name one of a, b"):
            load_recorded(name, load)
    for row in ({"model": "a", "scores": []}, {"dataset": "set", "id": 5, "scores": []}, {"dataset": "no", "id": 5}):
        with pytest.raises(UsageError, match="line 1"):
            load_recorded(f"{written(tmp_path, row, name='bad.jsonl')}", load)


async def test_prm800k_rows_are_trees_with_peoples_ratings() -> None:
    found = await load_prm800k(sample("prm800k/phase1_test_trees.jsonl"), 10)
    assert len(found.items) == 10 and not any(item.is_solution for item in found.items)
    judged = await judge_set(Scripted({}, otherwise="right"), found.items)
    got = measure(found, judged, QUICK)
    assert got.figures["first_error"] is None and got.figures["step_f1_bad"] is not None


@pytest.mark.parametrize(
    ("where", "name", "solutions", "right"),
    [
        (sample, "processbench_gsm8k.jsonl", 50, 23),
        (sample, "mr_ben_math.jsonl", 20, 4),
        (sample, "prmbench.jsonl", 50, 0),
        (whole, "processbench_gsm8k.jsonl", 200, 91),
        (whole, "processbench_math.jsonl", 500, 215),
        (whole, "mr_ben_math.jsonl", 459, 87),
        (whole, "mr_gsm8k_wrong_part.jsonl", 295, 0),
        (whole, "mr_math_invalid.jsonl", 159, 76),
        (whole, "big_bench_mistake.jsonl", 1093, 254),
        (whole, "perturbed_prm800k_test.jsonl", 253, 93),
        (whole, "prmbench.jsonl.gz", 1726, 45),
    ],
)
def test_all_rows_of_the_sets_are_read_or_counted(
    where: Callable[[str], Path], name: str, solutions: int, right: int
) -> None:
    file = where(f"step_judges/{name}")
    found = load(file)
    assert len(found.items) + sum(found.skipped.values()) == len(rows(file))
    assert len(found.items) == solutions
    assert sum("wrong" not in item.labels for item in found.items) == right


AUTHORS = {
    # step F1, step AUC, solution F1, solution AUC in per cent, by the evaluation in the ReasonEval authors' repository
    # (GAIR-NLP/ReasonEval, codes/mr-math_eval.py) on their own recorded scores.
    "math-shepherd_mistral-7b": (60.0, 77.2, 70.1, 77.3),
    "reasoneval_wizardmath-7b-v1.1": (73.9, 89.5, 78.6, 87.5),
    "reasoneval_llemma-34b": (77.5, 92.8, 79.6, 90.8),
}


@pytest.mark.parametrize("model", AUTHORS)
async def test_recorded_judges_have_their_published_figures_on_mr_math(model: str) -> None:
    labelled = load(whole("step_judges/mr_math_invalid.jsonl"))
    judge = load_recorded(f"{whole('step_judges/recorded_judge_outputs.jsonl')}#{model}", load)
    for paper in (False, True):  # nothing is silent, so both ways of counting agree
        got = values(measure(labelled, await judge_set(judge, labelled.items), JudgingSettings(rounds=1, paper=paper)))
        names = ("step_f1", "step_auc", "solution_f1", "solution_auc")
        assert tuple(round(100 * (got[name] or 0), 1) for name in names) == AUTHORS[model]
