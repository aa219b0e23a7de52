"""Rounds on the tiny base, cut very small: what they leave, that they go on, what they are trained on and refuse."""

import re
from dataclasses import replace
from pathlib import Path
from shutil import copytree, rmtree

import pytest
from commanding import write_rows

from journey.errors import UsageError
from journey.pipeline.experiment import check_trained, run_recipe
from journey.pipeline.jobs import EVALUATE, ROUND, jobs_of
from journey.pipeline.kept_recipe import open_run
from journey.pipeline.lineage import lineage
from journey.pipeline.parts import make_problems, more_problems
from journey.pipeline.plans import plan
from journey.pipeline.recipe import Recipe
from journey.pipeline.recipe_reading import load, plain_recipe, recipe_of
from journey.pipeline.rounds import decide, stops, success
from journey.pipeline.stages import is_any_solved, trees_for_thoughts
from journey.report.figures import figures
from journey.store import labels
from journey.store.entries import Round, Training
from journey.store.labels import Label
from journey.store.run import Run
from journey.types import Node, Tree, make_problem

RECIPE = Path(__file__).parents[2] / "recipes" / "countdown.yaml"
SMALL = [
    "seeds=1", "problems.phase1=320", "problems.train=30", "problems.validation=4", "problems.test=4",
    "arms.phase1.epochs=2", "trees.count=12", "training.epochs=1", "evaluation.max_tokens=150", "evaluation.votes=1",
    "arms=[phase1,shortcut,journey]", "rounds.guards.samples=2", "workers=0",
]  # fmt: skip


def small(*settings: str) -> Recipe:
    return load(RECIPE, [*SMALL, *settings], {})


def run_small(out: Path, *settings: str) -> Run:
    return run_recipe(small(*settings), out, fresh=False, progress=lambda *step: None)


def contents(run: Run) -> dict[str, list[str]]:
    tables = ("problems", "trees", "thoughts", "attempts")
    return {table: [repr(r) for r in run.all(table)] for table in tables} | {"rounds": [*map(repr, run.entries(Round))]}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("rounds") / "run"
    run_small(out, "rounds=2", "rounds.guards=off").close()
    return out


@pytest.fixture(scope="module")
def first_round(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of one round."""
    out = tmp_path_factory.mktemp("rounds") / "run"
    run_small(out).close()
    return out


def going_on(first_round: Path, out: Path, *settings: str) -> Run:
    """The finished first round in another folder, gone on with."""
    copytree(first_round, out)
    return run_small(out, "rounds=2", "rounds.guards=off", *settings)


def test_every_arm_goes_round_by_its_own_models(two: Path) -> None:
    with Run.read(two) as run:
        rounds = {(one.arm, one.round): one for one in run.entries(Round)}
        assert rounds.keys() == {(arm, number) for arm in ("shortcut", "journey") for number in (1, 2)}
        for arm, method in (("shortcut", "shortcut"), ("journey", "traverse")):
            later = rounds[arm, 2]
            assert (later.policy, later.start) == (f"seed-1/{arm}", "seed-1/phase1")
            assert later.model == later.good == f"seed-1/round-2/{arm}"
            assert later.mix["given"] == 320 and later.mix["round 1"] == 12 and later.mix["round 2"] > 0
            assert later.measured["accuracy"] is not None and later.measured["gain"] is not None
            grown = {tree.id for tree in run.trees(policy=f"seed-1/{arm}")}
            made = [t for t in run.thoughts(method=method) if t.round == 2]
            assert len(grown) == 30 and made and {t.tree for t in made} <= grown
            assert [t.round for t in run.entries(Training, model=later.model)] == [2]
            assert {a.model.round for a in run.attempts(model=later.model, split="test")} == {2}
        assert figures(run)["arms"].keys() >= {"phase1", "shortcut", "journey"}
        assert figures(run)["trees"] == 12


def test_a_dry_run_counts_the_trees_models_rows_and_answers_of_all_rounds(two: Path) -> None:
    recipe = small("rounds=2", "rounds.guards=off")
    found = plan(recipe, make_problems(recipe))
    with Run.read(two) as run:
        assert found["trees_grown"] == run.count("trees") == 90
        assert found["models_trained"] == len(run.entries(Training)) == 5
        assert run.count("attempts") <= found["attempts_at_most"] <= run.count("attempts") + 8
        mixes = [sum(n for name, n in one.mix.items() if name != "given") for one in run.entries(Round)]
        assert 320 + sum(mixes) <= found["rows_trained_on_at_most"] <= 320 + 12 * 6


def test_one_more_round_on_a_finished_run_repeats_nothing(first_round: Path, two: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    copytree(first_round, out)
    with Run.read(out) as run:
        first = contents(run)
    with run_small(out, "rounds=2", "rounds.guards=off") as run, Run.read(two) as whole:
        for table in ("problems", "trees", "attempts"):  # thoughts of round 1 were made when it was the only one
            assert set(first[table]) <= set(contents(run)[table])
        assert [one.good for one in run.entries(Round)] == [one.good for one in whole.entries(Round)]
        assert [one.measured for one in run.entries(Round)] == [one.measured for one in whole.entries(Round)]
        before = contents(run)
    with run_small(out, "rounds=2", "rounds.guards=off") as run:
        assert contents(run) == before


def test_fewer_rounds_than_are_done_are_refused(two: Path) -> None:
    with pytest.raises(UsageError, match="has made 2 rounds and 1 are asked for"):
        run_small(two)


def test_guards_may_change_only_where_no_round_follows_one_that_they_stop(two: Path) -> None:
    with Run.read(two) as run:
        before = run.entries(Round)
    with run_small(two, "rounds=2", "rounds.guards=off", "rounds.guards.new=1.0") as run:
        assert len(stops(run)) == 2 and all("guard new" in one and "last good model" in one for one in stops(run))
    with run_small(two, "rounds=2", "rounds.guards=off") as run:
        assert run.entries(Round) == before
    followed = [*before, *(replace(one, round=3) for one in before if one.round == 2)]
    with Run.open(two) as run:
        run.add(*followed)
    why = r"new: was null, now 1\.0, but round 3 of seed 1, \w+, follows one that ends by it \(guard new: \d"
    with pytest.raises(UsageError, match=why):
        run_small(two, "rounds=3", "rounds.guards=off", "rounds.guards.new=1.0")


def test_how_later_rounds_are_made_may_change_while_none_of_them_has_begun(
    first_round: Path, two: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    copytree(first_round, out)
    balance = "rounds.balance={temperatures: [0.8], thresholds: [0.5], problems: 2}"
    with open_run(out, small("rounds=2"), fresh=False) as run:
        mix = {"given": 320, "labelled": 0, "round 1": 12}
        run.add(Round(1, "journey", 1, "p", "p", "m", "m", mix, {}, {}))
    for settings in (
        ("rounds.given=0.99", "rounds.choose=middling", "rounds.share=0.5"),
        (balance, "rounds.mix={countdown: 1}"),
        ("rounds.data=replace", "rounds.start=last"),
        ("rounds.problems=new",),
    ):
        open_run(out, small("rounds=2", *settings), fresh=False).close()
    made = "round 2 of seed 1, shortcut, was made with it"
    for refused, folder, why in (
        ("guards.samples=3", out, "round 1 of seed 1, journey, was measured by it"),
        ("choose=middling", two, made),
        ("given=0.9", two, made),
        ("guards.problems=3", two, "round 1 of seed 1, shortcut, was measured by it"),
    ):
        guards = ("rounds.guards=off",) if folder == two else ()
        with pytest.raises(UsageError, match=rf"rounds.{refused.partition('=')[0]}: was .*, but {why}"):
            open_run(folder, small("rounds=3", *guards, f"rounds.{refused}"), fresh=False)


def test_a_tree_of_a_later_round_alone_keeps_its_settings_from_changing(first_round: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    copytree(first_round, out)
    with open_run(out, small("rounds=2"), fresh=False) as run:
        tree = next(run.trees())
        run.put_all("trees", [replace(tree, id="later", settings={**tree.settings, "seed": 1_000_001})])
    with pytest.raises(UsageError, match=r"rounds.data: was .*, but a tree of round 2 of seed 1 was made with it"):
        open_run(out, small("rounds=2", "rounds.data=replace"), fresh=False)


def test_a_round_whose_last_good_model_is_gone_says_so_before_anything_is_grown(two: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    copytree(two, out)
    rmtree(out / "models" / "seed-1" / "round-2" / "shortcut")
    with Run.read(out) as run:
        before = run.count("trees")
    with pytest.raises(UsageError, match=r"round-2/shortcut is gone, which round \d goes on from; put its folder back"):
        run_small(out, "rounds=4", "rounds.guards=off")
    with Run.read(out) as run:
        assert run.count("trees") == before


def test_the_test_is_read_after_the_last_round_of_every_arm_of_a_seed() -> None:
    jobs = {
        job.key: job for job in jobs_of(small("rounds=3", "seeds=2", "arms=[phase1,shortcut,shortcut_tokens,journey]"))
    }
    for seed in (1, 2):
        rounds = {key for key in jobs if key.kind == ROUND and key.seed == seed}
        asked = [job for key, job in jobs.items() if key.kind == EVALUATE and key.seed == seed]
        assert len(rounds) == 6 and len(asked) == 4 + 4  # the arms' first models, and those of two rounds of two arms
        assert all(rounds <= {*job.after} for job in asked)


def test_a_tree_that_is_right_in_every_branch_is_solved_though_it_gives_no_thought(tmp_path: Path) -> None:
    problem = make_problem("Make 7 from 3 4", "7", task="countdown")
    with Run.open(tmp_path / "run") as run:
        run.put_all("trees", [Tree("t", problem.id, (Node(-1, "3 + 4 = 7", answer="7", correct=True),), "m", "j", {})])
        assert trees_for_thoughts(run, [problem], "m", None) == ([], [])
        assert is_any_solved(run, [problem], "m") and not is_any_solved(run, [problem], "m", 3)


def test_rounds_are_written_as_a_count_and_a_flag_keeps_their_settings() -> None:
    found = small("rounds.given=0.5", "rounds=4", "rounds.guards=off").rounds
    assert (found.count, found.given, found.guards.gate, found.guards.samples) == (4, 0.5, "off", 2)
    assert recipe_of(plain_recipe(small("rounds=4")), "again") == small("rounds=4")
    assert recipe_of({"rounds": 1}, "of an older run").rounds.count == 1


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (("rounds=2", "arms=[phase1]"), "no arm goes round"),
        (("rounds.given=1",), "rounds.start: last"),
        (("rounds.choose=middling", "rounds.problems=new"), "rounds.problems: same"),
        (("rounds=0",), "rounds.count is 0"),
        (("rounds=four",), "such as rounds: 4"),
        (("rounds.guards.cut_off=7",), "rounds.guards.cut_off is 7"),
        (("rounds.mix={a: 0}",), "one of them is above 0"),
        (("rounds.mix={a: .nan}",), "its weights are at least 0"),
        (("rounds.share=0.5",), "rounds.choose: middling"),
        (("rounds.balance={temperatures: [.nan]}",), "must be at least 0"),
        (("rounds.balance={}", "rounds.temperature=1"), "leave rounds.temperature out"),
    ],
)
def test_rounds_that_cannot_be_made_are_refused(settings: tuple[str, ...], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        small(*settings)


def test_a_share_of_given_rows_that_no_row_can_be_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither a phase 1 nor a labelled thought"):
        run_small(tmp_path / "run", "rounds=2", "arms=[journey]")
    with Run.read(tmp_path / "run") as run:
        assert not run.count("trees")


@pytest.mark.parametrize(
    ("mix", "named"),
    [("{sums: 1}", "has no weight for 'countdown'"), ("{countdown: 1, sums: 1}", "has a weight for 'sums'")],
)
def test_weights_that_are_not_the_domains_are_refused_before_anything_is_made(
    mix: str, named: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=f"rounds.mix {named}; give one to each of countdown and no other"):
        run_small(tmp_path / "run", "rounds=2", f"rounds.mix={mix}")


def test_the_next_round_learns_what_people_found_right_and_the_first_keeps_what_it_was_trained_on(
    first_round: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    copytree(first_round, out)
    with Run.read(out) as run:
        thought = next(run.thoughts(method="traverse"))
    for name in ("ann", "bob"):
        labels.put(out, Label("thought", name, thought=thought.id, verdict="right", judged=True, state="submitted"))
    with run_small(out, "rounds=2", "rounds.guards=off", "rounds.given=0.99") as run:
        first, second = run.entries(Round, arm="journey")
        assert first.mix == {"given": 320, "labelled": 0, "round 1": 12}
        assert first.measured["given"] == 320 / 332
        assert (second.mix["given"], second.mix["labelled"], sum(second.mix.values())) == (320, 1, 324)  # 99 % of it
        assert second.settings == {"labelled by": {"ann": 1, "bob": 1}}
        assert lineage(run, second.model or "")[0].about["labelled by"] == {"ann": 1, "bob": 1}
        assert next(one for one in run.entries(Round, arm="shortcut") if one.round == 2).mix["labelled"] == 0


def test_too_few_new_problems_are_refused_by_a_dry_run(tmp_path: Path) -> None:
    rows = [{"nums": [3, n, m], "target": 3 + n + m} for n in range(4, 10) for m in range(4, n + 1)]
    file = write_rows(tmp_path / "puzzles.jsonl", rows)
    counts = "phase1: 2, train: 6, validation: 2, test: 2"
    recipe = load(RECIPE, [f"problems={{file: {file}, {counts}}}", "rounds=3", "rounds.problems=new"], {})
    with pytest.raises(UsageError, match=r"there are 9 new problems for 2 rounds of 6; lower problems.train, or write"):
        check_trained(recipe, make_problems(recipe).by_name)


def test_new_problems_are_in_no_part_and_no_other_round() -> None:
    recipe = small("rounds=3", "rounds.problems=new", "problems.rl=5")
    parts = [*make_problems(recipe).by_name.values(), more_problems(recipe, 2), more_problems(recipe, 3)]
    ids = [problem.id for of in parts for problem in of]
    assert len(parts[-1]) == len(parts[-2]) == 30 and len(set(ids)) == len(ids)
    assert make_problems(recipe) == make_problems(small("problems.rl=5"))


def test_a_round_in_which_nothing_is_solved_keeps_its_reason_whatever_the_guards() -> None:
    recipe = small("rounds=2")
    first = Round(1, "journey", 1, "p", "p", "m", "m", {}, {}, {})
    failed = Round(1, "journey", 2, "m", "p", None, "m", {}, {}, {}, "m solved none of the problems of round 2")
    assert decide(failed, {1: first}, recipe) == failed


def test_a_round_that_solves_nothing_ends_with_the_last_good_model(first_round: Path, tmp_path: Path) -> None:
    with going_on(first_round, tmp_path / "run", "rounds.temperature=60.0") as run:
        (last,) = [one for one in run.entries(Round, arm="journey") if one.round == 2]
        assert (last.round, last.model, last.good) == (2, None, "seed-1/journey")
        assert (
            last.stopped == "seed-1/journey solved none of the problems of round 2, so there is nothing to learn from"
        )
        assert [text for text in stops(run) if "solved none" in text and "the last good model is" in text]
        before = contents(run)
    with run_small(tmp_path / "run", "rounds=3", "rounds.guards=off", "rounds.temperature=60.0") as run:
        assert contents(run) == before  # nothing is done behind it


def test_a_round_whose_right_ends_all_miss_the_threshold_says_so(first_round: Path, tmp_path: Path) -> None:
    balance = "rounds.balance={temperatures: [0.8], thresholds: [1.3], problems: 2}"
    with going_on(first_round, tmp_path / "run", balance) as run:
        (why,) = [one.stopped or "" for one in run.entries(Round, arm="journey") if one.round == 2]
        assert re.match(r"seed-1/journey solved problems of round 2, but no right end has a reward above 1\.3", why)
        assert "none of" not in why and "rounds.balance.thresholds" in why


def test_success_is_the_share_of_right_ends_of_the_latest_tree() -> None:
    nodes = (Node(-1, "a"), Node(0, "b", correct=True), Node(0, "c", correct=False), Node(-1, "d"))
    earlier = Tree("1", "p", (Node(-1, "a", correct=True),))
    assert success([earlier, Tree("2", "p", nodes)]) == {"p": 0.5}
