"""The sets of labelled solutions that tasks make themselves, by which judges are judged."""

import pytest

from journey.tasks.table import TASKS, task_of


@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if task.labelled_set is not None])
def test_labelled_solutions_say_what_the_judge_says(name: str) -> None:
    make, judge = TASKS[name].labelled_set, TASKS[name].judge
    assert make is not None and judge is not None
    found = make(100, 0)
    assert found.items == make(100, 0).items
    wrong = 0
    for item in found.items:
        assert task_of(item.problem) is TASKS[name]
        for at, (step, label) in enumerate(zip(item.steps, item.labels, strict=True)):
            if label is not None:
                (judgement,) = judge(item.problem, item.steps[:at], [step])
                assert judgement.verdict == label
                wrong += label == "wrong"
    assert 30 <= wrong <= 70
