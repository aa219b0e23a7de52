from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_trees import PROBLEM, trees

from journey.errors import UsageError
from journey.thoughts.draft import Visit, Walk
from journey.thoughts.shortcut import straight
from journey.thoughts.traverse import TraverseSettings, traverse
from journey.trees.mark import failing, is_unusable, on_right_path, path, right_leaves, verdict, wrong_ends
from journey.types import Judgement, Node, Tree

RIGHT, WRONG = Judgement("right"), Judgement("wrong")

# The right path is 0, 4, 8. Beside it: at the question 1, 2 (going on to 6 and 7) and 3; at node 0 node 5.
TREE = Tree(
    "tree",
    PROBLEM.id,
    (
        Node(-1, "a", RIGHT),
        Node(-1, "b", WRONG),
        Node(-1, "c", RIGHT),
        Node(-1, "d", RIGHT),
        Node(0, "e", RIGHT),
        Node(0, "f", WRONG),
        Node(2, "g", RIGHT),
        Node(6, "h", RIGHT, "41", False),
        Node(4, "i", RIGHT, "42", True),
    ),
)

any_settings = st.builds(
    TraverseSettings,
    trials=st.integers(1, 4),
    start=st.sampled_from(["path", "root"]),
    trials_by_depth=st.one_of(st.none(), st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)),
    vary=st.booleans(),
    trip_steps=st.one_of(st.none(), st.integers(1, 3)),
    back=st.sampled_from(["branch", "root"]),
)


def trips(walk: Walk) -> list[list[int]]:
    """The side trips of a walk, each as its nodes."""
    found: list[list[int]] = [[]]
    for visit in walk.visits:
        if visit.kind == "mistake":
            found[-1].append(visit.node)
        elif visit.kind == "return":
            found.append([])
    return [trip for trip in found if trip]


def test_the_reports_rule_makes_one_side_trip_at_every_node_that_has_a_wrong_branch():
    walk = traverse(TREE, 8, TraverseSettings(), seed=0)
    assert trips(walk) in ([[1], [5]], [[2, 6, 7], [5]])
    assert [v for v in walk.visits if v.kind != "mistake"] == [
        Visit(-1, "return"),
        Visit(0, "forward"),
        Visit(0, "return"),
        Visit(4, "forward"),
        Visit(8, "forward"),
    ]


def test_more_trials_take_every_wrong_branch_and_never_one_that_is_merely_unfinished():
    assert sorted(trips(traverse(TREE, 8, TraverseSettings(trials=9), seed=0))) == [[1], [2, 6, 7], [5]]


def test_trips_may_start_at_the_question_only():
    walk = traverse(TREE, 8, TraverseSettings(trials=4, start="root"), seed=0)
    assert sorted(trips(walk)) == [[1], [2, 6, 7]]


def test_trials_can_be_given_for_every_depth():
    assert trips(traverse(TREE, 8, TraverseSettings(trials_by_depth=(1, 2)), seed=0)) == [[5]]
    assert len(trips(traverse(TREE, 8, TraverseSettings(trials_by_depth=(3,)), seed=0))) == 2


def test_a_trip_can_be_cut_after_some_steps_once_it_is_truly_wrong():
    settings = TraverseSettings(trials=9, start="root", trip_steps=1)
    assert sorted(trips(traverse(TREE, 8, settings, seed=0))) == [[1], [2, 6, 7]]
    wrong = Tree(
        "wrong", PROBLEM.id, (TREE.nodes[0], *[Node(n.parent, n.text, WRONG) for n in TREE.nodes[1:4]], *TREE.nodes[4:])
    )
    assert sorted(trips(traverse(wrong, 8, settings, seed=0))) == [[1], [2], [3]]


def test_a_return_to_the_question_tells_the_right_steps_once_more():
    walk = traverse(TREE, 8, TraverseSettings(trials_by_depth=(1, 2), back="root"), seed=0)
    assert walk.visits == (
        Visit(0, "forward"),
        Visit(5, "mistake"),
        Visit(-1, "return"),
        Visit(0, "forward"),
        Visit(4, "forward"),
        Visit(8, "forward"),
    )


def test_varied_trials_run_from_the_shortcut_to_all_of_them():
    settings = TraverseSettings(trials=3, start="root", vary=True)
    counts = Counter(len(trips(traverse(TREE, 8, settings, seed))) for seed in range(60))
    assert set(counts) == {0, 1, 2}


@pytest.mark.parametrize("wrong", [{"trials": 0}, {"trip_steps": 0}, {"start": "leaf"}, {"trials_by_depth": (2, 0)}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UsageError):
        TraverseSettings(**wrong)


@given(trees(), any_settings, st.integers(0, 9))
def test_a_walk_only_ever_steps_to_a_child_of_where_it_stands(tree: Tree, settings: TraverseSettings, seed: int):
    for leaf in right_leaves(tree):
        standing, main = -1, [-1, *path(tree, leaf)]
        for visit in traverse(tree, leaf, settings, seed).visits:
            if visit.kind == "return":
                assert visit.node in main
            else:
                assert tree.nodes[visit.node].parent == standing
                assert (visit.kind == "forward") == (visit.node in main)
            standing = visit.node
        assert standing == leaf


@given(trees(), any_settings, st.integers(0, 9))
def test_side_trips_end_wrong_and_never_pass_a_right_answer(tree: Tree, settings: TraverseSettings, seed: int):
    on_path, ends = on_right_path(tree), wrong_ends(tree)
    for leaf in right_leaves(tree):
        for trip in trips(traverse(tree, leaf, settings, seed)):
            assert ends[trip[-1]]
            assert not on_path & set(trip)
            assert all(tree.nodes[node].correct is not True and not is_unusable(tree.nodes[node]) for node in trip)
            last = tree.nodes[trip[-1]]
            assert last.correct is False or any(verdict(tree.nodes[node]) == "wrong" for node in trip)


@given(trees(), any_settings, st.integers(0, 9))
def test_no_node_is_tried_twice_and_none_has_more_than_its_trials(tree: Tree, settings: TraverseSettings, seed: int):
    for leaf in right_leaves(tree):
        found = trips(traverse(tree, leaf, settings, seed))
        starts = Counter(tree.nodes[trip[0]].parent for trip in found)
        for here, count in starts.items():
            assert count <= settings.at_depth(len(path(tree, here))) - 1
        assert len({node for trip in found for node in trip}) == sum(map(len, found))


@given(trees(), st.integers(1, 4), st.integers(0, 9))
def test_exact_trials_are_used_up_where_there_are_wrong_branches(tree: Tree, trials: int, seed: int):
    fails = failing(tree)
    for leaf in right_leaves(tree):
        starts = Counter(tree.nodes[t[0]].parent for t in trips(traverse(tree, leaf, TraverseSettings(trials), seed)))
        for here in [-1, *path(tree, leaf)[:-1]]:
            wrong = sum(fails[i] for i, node in enumerate(tree.nodes) if node.parent == here)
            assert starts[here] == min(trials - 1, wrong)


@given(trees(), any_settings, st.integers(0, 9))
def test_the_same_seed_walks_the_same_way_and_the_main_line_is_valid(tree: Tree, settings: TraverseSettings, seed: int):
    for leaf in right_leaves(tree):
        walk = traverse(tree, leaf, settings, seed)
        assert walk == traverse(tree, leaf, settings, seed)
        forward = [visit.node for visit in walk.visits if visit.kind == "forward"]
        assert all(verdict(tree.nodes[node]) != "wrong" for node in forward)
        assert settings.back == "root" or forward == path(tree, leaf)


@given(trees(), st.integers(0, 9))
def test_one_trial_walks_straight(tree: Tree, seed: int):
    for leaf in right_leaves(tree):
        visits = traverse(tree, leaf, TraverseSettings(trials=1), seed).visits
        assert visits == straight(tree, leaf).visits
        assert all(after.kind == "forward" for _, after in pairwise(visits))
