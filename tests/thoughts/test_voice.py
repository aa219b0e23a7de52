import pytest
from random_trees import PROBLEM

from journey.tasks import narration as narration
from journey.tasks.narration import PROSE
from journey.types import Judgement, Node, Tree, to_json, tree_from_json


def node(text: str = "6 * 7 = 36", reason: str | None = None, answer: str | None = None) -> Node:
    return Node(-1, text, Judgement("wrong", reason=reason), answer, None if answer is None else answer == "42")


def test_a_wrong_step_without_a_reason_is_told_in_general_words():
    assert PROSE.reflect(node(), ["6 * 7 = 36"]) in narration.WRONG_STEP


def test_the_judges_reason_is_told_as_a_sentence():
    assert "6 * 6 is 36." in PROSE.reflect(node(reason="6 * 6 \n is 36"), ["6 * 7 = 36"])


def test_a_wrong_answer_at_the_end_of_a_branch_is_named_with_its_reason():
    text = PROSE.reflect(node(reason="It is even!", answer="35"), ["6 * 7 = 36"])
    assert "35" in text and "Wait" in text and text.endswith("It is even!")


def test_an_answer_in_latex_stands_in_dollars():
    assert "$\\frac{1}{2}$" in PROSE.reflect(node(answer="\\frac{1}{2}"), ["6 * 7 = 36"])


def test_a_could_not_say_is_no_reason_to_call_a_step_wrong():
    unsaid = Node(-1, "x", Judgement(None, reason="the critic's reply had no verdict"))
    assert PROSE.reflect(unsaid, ["x"]) in narration.EARLIER_STEP


def test_a_return_to_the_question_and_one_to_a_step_differ():
    assert PROSE.go_back(PROBLEM, []) in narration.START_AGAIN
    long = "a" * 200
    assert PROSE.go_back(PROBLEM, [long]) in narration.GO_BACK
    assert PROSE.go_back(PROBLEM, ['He said "no".']) in narration.GO_BACK


def test_a_short_step_is_sometimes_named_and_always_the_same_way():
    said = {PROSE.go_back(PROBLEM, [f"x = {number}."]) for number in range(40)}
    assert any('"x = ' in text for text in said) and any('"' not in text for text in said)
    assert said == {PROSE.go_back(PROBLEM, [f"x = {number}."]) for number in range(40)}


def test_braces_in_a_step_or_reason_are_left_as_they_are():
    assert "{reason} {0}" in PROSE.reflect(node(reason="{reason} {0}"), ["6 * 7 = 36"])


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("So it is 42", "So it is 42"),
        ("It is 40 + 2.\n\nFinal Answer: 42", "It is 40 + 2."),
        ("It is 40 + 2.\nThe answer is 42.", "It is 40 + 2."),
        ("It is 40 + 2.\n\n# Answer\n\n42", "It is 40 + 2."),
        ("It is 40 + 2.\n#### 42", "It is 40 + 2."),
        ("So the answer is 42.", "So the answer is 42."),
        ("So \\boxed{42}.", "So \\boxed{42}."),
    ],
)
def test_the_answer_is_told_once_in_the_form_that_the_prompt_asks_for(text: str, last: str):
    node = Node(-1, text, None, "42", True)
    assert PROSE.last(node) == last
    assert PROSE.close(PROBLEM, node) == ("" if "boxed" in text else "\\boxed{42}")


def test_what_rollouts_came_to_is_evidence_and_no_reason_that_a_thought_tells():
    step = Node(-1, "x", Judgement("wrong", 0.0, None, "vote:[rollout:tiny]", "0 of 4 rollouts from here ended right"))
    assert PROSE.reflect(step, ["x"]) in narration.WRONG_STEP
    tree = Tree("t", PROBLEM.id, (step,))
    assert tree_from_json(to_json(tree)) == tree
    of_before = to_json(tree)
    of_before["nodes"][0]["judgement"]["reason"] = of_before["nodes"][0]["judgement"].pop("evidence")
    assert tree_from_json(of_before) == tree
