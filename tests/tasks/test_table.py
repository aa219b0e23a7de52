"""The table of tasks: which task a problem is of, also where its record says none."""

import asyncio

import pytest

from journey.errors import UsageError
from journey.tasks.table import TASKS, TaskGrader, check_gradable, shared_task, task, task_of
from journey.types import Problem, make_problem, problem_from_json, to_json

PUZZLE = make_problem("Make 17 from 3 4 5", "17")


@pytest.mark.parametrize(
    ("problem", "name"),
    [
        (PUZZLE, "countdown"),
        (make_problem("Make 1/0 from 3 4", "1/0"), "math"),
        (make_problem("What is 1 + 1?", "2", source="MATH500"), "math"),
        (make_problem("Is it?", "Yes", source="BBH/navigate"), "text"),
        (make_problem("def f():", "assert f()", source="HumanEval"), "code"),
        (make_problem("Who?", "Nobody", source="SimpleQA"), "judged"),
    ],
)
def test_a_record_of_before_tasks_is_of_the_task_that_it_was(problem: Problem, name: str) -> None:
    old = to_json(problem)
    del old["task"]
    assert task_of(problem_from_json(old)).name == name


def test_a_problem_is_of_the_task_that_its_record_names() -> None:
    assert task_of(make_problem(PUZZLE.question, "17", task="math")).name == "math"
    assert make_problem(PUZZLE.question, "17", task="math").id == PUZZLE.id
    with pytest.raises(UsageError, match="no task 'chess'; known are countdown, maze"):
        task_of(make_problem("Mate in two", "Qh7", task="chess"))


def test_every_task_stands_in_the_table_under_its_own_name_with_its_prompts() -> None:
    for name, of in TASKS.items():
        assert task(name) is of and of.name == name
        assert of.ask(PUZZLE, ()).text
        assert (of.settings is None) == (of.draw is None)
        assert of.refusal is not None or (of.code_grader is None and not of.model_graded)


def test_tasks_whose_steps_are_written_alike_may_stand_in_one_run() -> None:
    words = make_problem("Is it?", "Yes", task="text")
    assert shared_task([words, make_problem("1 + 1?", "2", task="math")]).name == "math"
    with pytest.raises(UsageError, match="mixes problems of countdown and text"):
        shared_task([words, PUZZLE])
    with pytest.raises(UsageError, match="import some first"):
        shared_task([])


def test_every_answer_is_graded_by_its_own_task_and_others_only_where_allowed() -> None:
    grader = TaskGrader()
    try:
        sums = make_problem("1 + 1?", "2", task="math")
        assert asyncio.run(grader.grade(sums, "It is \\boxed{2}.")).correct is True
        assert asyncio.run(grader.grade(PUZZLE, "\\boxed{3 * 4 + 5}")).correct is True
    finally:
        grader.close()
    code, judged = (make_problem("def f():", "f()", task=name) for name in ("code", "judged"))
    check_gradable([code, judged], code=True, model=True)
    for one, allowed in ((code, {"model": True}), (judged, {"code": True})):
        with pytest.raises(UsageError, match=r"only journey eval|allow it with --allow-code"):
            check_gradable([one], **allowed)
