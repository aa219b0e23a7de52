"""Shards: parts of the problems as runs of their own, and one run of them all that is as if one machine had made it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from commanding import done, journey, scripted_recipe

from journey.pipeline import merge
from journey.pipeline.shard import Shard
from journey.pipeline.stages import spent
from journey.store import labels
from journey.store.entries import Failure, JudgeWeights, Spending, Training
from journey.store.run import Run
from journey.store.schema import sealed
from journey.types import Record, to_json

TABLES = ("problems", "trees", "thoughts", "attempts")


def contents(run: Path) -> dict[str, list[str]]:
    """Every record of a run, by kind, with the columns that were given."""
    with Run.read(run) as of:

        def row(table: str, record: Record) -> str:
            return json.dumps([to_json(record), of.given(table, record.id)])

        return {table: [row(table, record) for record in of.all(table)] for table in TABLES}


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scripted_recipe(tmp_path_factory.mktemp("recipe"))


@pytest.fixture(scope="module")
def whole(recipe: Path) -> Path:
    out = recipe.parent / "whole"
    done("run", recipe, "--out", out)
    return out


@pytest.fixture(scope="module")
def shards(recipe: Path) -> list[Path]:
    """Runs of the three shards; the second by `grow` first, then by `run`."""
    made = [Shard((n,), 3).folder(recipe.parent / "part") for n in (1, 2, 3)]
    done("grow", recipe, "--shard", "2/3", "--out", made[1])
    for number, out in enumerate(made, 1):
        done("run", recipe, "--shard", f"{number}/3", "--out", out)
    return made


def test_shards_that_are_merged_are_the_run_of_one_machine(whole: Path, shards: list[Path], tmp_path: Path) -> None:
    merged = done("merge", *shards, "--out", tmp_path / "merged", "--json").data
    assert contents(tmp_path / "merged") == contents(whole)
    assert merged["trees"] == sum(len(contents(shard)["trees"]) for shard in shards) > 0
    assert merged["missing_shards"] == []


def exported(to: Path, *what: object) -> list[str]:
    done("export", *what, "--to", to)
    return sorted(to.read_text("utf-8").splitlines())


def test_shards_are_exported_without_merging_and_what_two_hold_comes_once(
    whole: Path, shards: list[Path], tmp_path: Path
) -> None:
    for what in (["trees"], ["problems"], ["sft"]):
        assert exported(tmp_path / "s.jsonl", *shards, *what) == exported(tmp_path / "w.jsonl", whole, *what) != []
    done("merge", *shards[:2], "--out", tmp_path / "two")
    twice = exported(tmp_path / "o.jsonl", tmp_path / "two", *shards, "trees")
    assert twice == exported(tmp_path / "w.jsonl", whole, "trees")


def test_status_shows_many_runs_beside_each_other_and_their_sum(whole: Path, shards: list[Path]) -> None:
    data = done("status", *shards, "--json").data
    assert [row["shard"] for row in data["runs"]] == ["1/3", "2/3", "3/3"]
    with Run.read(whole) as run:
        assert data["together"]["trees"] == run.count("trees")
    assert data["missing_shards"] == []
    said = done("status", *shards[:2]).out
    assert "together" in said and "shards that are missing: 3/3" in said


def test_runs_that_differ_are_not_exported_together(shards: list[Path], recipe: Path, tmp_path: Path) -> None:
    done("run", recipe, "--shard", "1/3", "--out", tmp_path / "other", "--seed", "7")
    refused = journey("export", shards[0], tmp_path / "other", "trees", "--to", tmp_path / "t.jsonl")
    assert refused.code == 2 and "other settings" in refused.err and not (tmp_path / "t.jsonl").exists()
    assert journey("status", *shards, "--lineage", "x").code == 2
    assert journey("export", *shards, "page", "--item", "x", "--to", tmp_path / "p.html").code == 2


def test_merging_again_or_one_by_one_changes_nothing(shards: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "merged"
    first = done("merge", shards[2], shards[0], "--out", out, "--json").data
    assert first["missing_shards"] == ["2/3"]
    done("merge", shards[1], "--out", out)
    before = contents(out)
    again = done("merge", *shards, out, "--out", out, "--json").data
    assert contents(out) == before
    assert again == done("merge", *shards, "--out", out, "--json").data


def test_the_recipe_goes_on_in_the_merged_run_and_repeats_nothing(
    recipe: Path, whole: Path, shards: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "merged"
    done("merge", shards[0], shards[1], "--out", out)
    refused = journey("run", recipe, "--out", out)
    assert refused.code == 2 and 'shard: was "1,2/3", now not set' in refused.err
    done("run", recipe, "--out", out, "--shard", "1,2/3")
    done("merge", shards[2], "--out", out)
    merged = contents(out)
    with Run.read(out) as run:
        calls = [*run.rows("calls")]
    done("run", recipe, "--out", out)
    assert contents(out) == contents(whole) == merged
    with Run.read(out) as run:
        assert [*run.rows("calls")] == calls


@pytest.mark.parametrize("shard", ["9/8", "0/8", "x", "3", "-1/8", "1/0", "3/8/2"])
def test_a_shard_that_is_none_is_refused_in_one_sentence(recipe: Path, whole: Path, shard: str, tmp_path: Path) -> None:
    for command in (
        ("run", recipe, "--out", tmp_path / "run"),
        ("derive", whole, "--method", "shortcut"),
        ("eval", whole, "--model", "tiny"),
        ("judge", whole, "--judge", "exact", "--out", tmp_path / "judged"),
    ):
        refused = journey(*command, f"--shard={shard}")
        assert refused.code == 2 and shard in refused.err and refused.err.count("\n") == 1, refused.err
    assert not any(tmp_path.iterdir())


def test_a_run_of_one_shard_takes_no_other(recipe: Path, shards: list[Path], whole: Path) -> None:
    refused = journey("run", recipe, "--shard", "2/3", "--out", shards[0])
    assert refused.code == 2 and 'shard: was "1/3", now "2/3"' in refused.err
    assert journey("run", recipe, "--out", shards[0]).code == 2
    assert journey("run", recipe, "--shard", "1/3", "--out", whole).code == 2
    assert journey("eval", shards[0], "--model", "tiny", "--shard", "1/2").code == 2


def altered(run: Path, out: Path, old: str, new: str) -> Path:
    """A copy of a run in which one text of one tree is another, as a disk or another model might have written it."""
    done("merge", run, "--out", out)
    with closing(sqlite3.connect(out / "run.db", isolation_level=None)) as connection:
        rows = connection.execute("SELECT * FROM trees").fetchall()
        seq, *row = next(row for row in rows if old in row[-2])
        row[-2] = row[-2].replace(old, new, 1)
        connection.execute("DELETE FROM trees WHERE seq = ?", (seq,))
        connection.execute(f"INSERT INTO trees VALUES (?{', ?' * len(row)})", (seq, *sealed(*row[:-1])))
    return out


def test_a_unit_that_differs_by_one_byte_names_both_runs_and_nothing_is_written(
    whole: Path, shards: list[Path], tmp_path: Path
) -> None:
    other = altered(shards[0], tmp_path / "other", '"tokens":', '"tokens": ')
    refused = journey("merge", whole, other, "--out", tmp_path / "merged")
    assert refused.code == 2 and str(whole) in refused.err and str(other) in refused.err
    assert not (tmp_path / "merged").exists()
    done("merge", shards[1], "--out", tmp_path / "merged")
    before = contents(tmp_path / "merged")
    assert journey("merge", whole, other, "--out", tmp_path / "merged").code == 2
    assert contents(tmp_path / "merged") == before


def test_a_damaged_shard_is_named_and_leaves_no_empty_run(shards: list[Path], tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    done("merge", shards[0], "--out", damaged)
    with closing(sqlite3.connect(damaged / "run.db", isolation_level=None)) as connection:
        connection.execute("UPDATE trees SET json = replace(json, 'tokens', 'tokenz')")
    refused = journey("merge", shards[1], damaged, "--out", tmp_path / "merged")
    assert refused.code == 1 and str(damaged) in refused.err
    assert not (tmp_path / "merged").exists()


def test_runs_of_other_settings_or_versions_are_refused(recipe: Path, shards: list[Path], tmp_path: Path) -> None:
    other = tmp_path / "other"
    done("run", recipe, "--shard", "1/3", "--out", other, "--set", "trees.grow.keep=3")
    refused = journey("merge", shards[1], other, "--out", tmp_path / "merged")
    assert refused.code == 2 and "recipe.trees.grow.keep: was 4, now 3" in refused.err
    with Run.read(shards[0]) as of:
        newer = {**of.config, "versions": {**of.config["versions"], "journey-learning": "99"}}
    Run.open(tmp_path / "newer", newer).close()
    refused = journey("merge", shards[1], tmp_path / "newer", "--out", tmp_path / "merged")
    assert refused.code == 2 and "versions.journey-learning" in refused.err
    assert not (tmp_path / "merged").exists()


def test_a_merge_that_was_killed_leaves_no_record_and_is_given_again(
    whole: Path, shards: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "merged"
    with monkeypatch.context() as patch:
        patch.setattr(merge, "unite_labels", killed)
        assert journey("merge", *shards, "--out", out).code == 130
    assert not any(contents(out).values())
    done("merge", *shards, "--out", out)
    assert contents(out) == contents(whole)


def test_spending_adds_up_once_and_what_another_run_could_do_is_no_failure(tmp_path: Path) -> None:
    runs = [tmp_path / name for name in "abc"]
    for number, path in enumerate(runs):
        with Run.open(path) as run:
            run.add(Spending("m", 1, 10, 5, 0.5), Spending("m", 1, 10, 5, None if number else 0.5))
    with Run.open(runs[0]) as run:
        run.add(Failure("answers", "u", "no server", problem="p", model="m", decoding="greedy"))
    done("merge", runs[0], runs[1], "--out", tmp_path / "two")
    done("merge", tmp_path / "two", *runs, "--out", tmp_path / "all")
    done("merge", tmp_path / "two", *runs, "--out", tmp_path / "all")
    with Run.read(tmp_path / "all") as run:
        used, cost = spent(run)
        assert (used.calls, used.tokens, cost) == (6, 30, None)
        assert [failure.unit for failure in run.failures()] == ["u"]


def test_models_come_along_and_other_weights_by_one_name_are_refused(tmp_path: Path) -> None:
    runs = [tmp_path / name for name in "abc"]
    for path, weights in zip(runs, (b"1", b"1", b"2"), strict=True):
        with Run.open(path) as run:
            run.add(Training("seed-1/phase1", [], 7, seconds=len(path.name), seed=1, arm="phase1"))
        folder = path / "models" / "seed-1" / "phase1"
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(weights)
    done("merge", runs[0], runs[1], "--out", tmp_path / "merged")
    assert (tmp_path / "merged" / "models" / "seed-1" / "phase1" / "model.safetensors").read_bytes() == b"1"
    refused = journey("merge", *runs, "--out", tmp_path / "other")
    assert refused.code == 2 and str(runs[0]) in refused.err and str(runs[2]) in refused.err
    assert not (tmp_path / "other").exists()


def test_weights_are_the_same_wherever_they_lie(tmp_path: Path) -> None:
    runs = [tmp_path / name for name in "abc"]
    for path, weights in zip(runs, ("1", "1", "2"), strict=True):
        with Run.open(path) as run:
            run.add(JudgeWeights("seed-1/journey", {f"{path}/models/seed-1/journey": weights}, [path.name]))
    done("merge", runs[0], runs[1], "--out", tmp_path / "merged")
    with Run.read(tmp_path / "merged") as run:
        assert [one.called for one in run.entries(JudgeWeights)] == [["a", "b"]]
    assert journey("merge", *runs, "--out", tmp_path / "other").code == 2


def test_labels_of_all_runs_are_kept_and_the_latest_counts(shards: list[Path], tmp_path: Path) -> None:
    copies = [tmp_path / name for name in "ab"]
    for path, shard in zip(copies, shards, strict=False):
        done("merge", shard, "--out", path)

    def says(path: Path, note: str, made: str) -> None:
        labels.put(path, labels.Label("tree", "ann", tree="t", note=note, state="submitted", made=made))

    says(copies[0], "later", "2026-02-01")
    says(copies[1], "earlier", "2026-01-01")
    out = tmp_path / "merged"
    for _ in range(2):
        done("merge", *copies, "--out", out)
        assert [label.note for label in labels.labels(out)] == ["later"]
    says(copies[0], "last", "2026-04-01")
    done("merge", copies[0], "--out", out)
    says(copies[1], "late, but not last", "2026-03-01")
    done("merge", copies[1], "--out", out)
    assert [label.note for label in labels.labels(out)] == ["last"]


def test_a_run_that_is_there_is_evaluated_derived_and_judged_by_shards(whole: Path, tmp_path: Path) -> None:
    alone, parts = tmp_path / "alone", [tmp_path / f"part-{n}" for n in (1, 2)]
    done("merge", whole, "--out", alone)
    ask = ("--model", "tiny", "--answer-tokens", 4)
    more = ("--method", "traverse", "--per-tree", 1, "--seed", 1)
    for command in (("eval", *ask), ("derive", *more)):
        done(command[0], alone, *command[1:])
        for number, part in enumerate(parts, 1):
            done(command[0], whole, *command[1:], "--shard", f"{number}/2", "--out", part)
    done("merge", *parts, "--out", tmp_path / "merged")
    assert contents(tmp_path / "merged") == contents(alone)
    assert len(contents(alone)["attempts"]) == 2
    refused = journey("eval", whole, *ask, "--shard", "1/2", "--limit", 1)
    assert refused.code == 2 and "--limit" in refused.err

    judged = [tmp_path / f"judged-{n}" for n in (0, 1, 2)]
    done("judge", whole, "--values", "leaves", "--out", judged[0])
    for number in (1, 2):
        done("judge", whole, "--values", "leaves", "--shard", f"{number}/2", "--out", judged[number])
    done("merge", *judged[1:], "--out", tmp_path / "judged")
    assert contents(tmp_path / "judged") == contents(judged[0])


def test_a_shard_without_problems_is_an_empty_run_and_no_failure(recipe: Path, whole: Path, tmp_path: Path) -> None:
    with Run.read(whole) as run:
        ids = run.ids("problems")
    number = next(n for n in range(1, 1000) if not any(Shard((n,), 999).holds(id) for id in ids))
    done("run", recipe, "--shard", f"{number}/999", "--out", tmp_path / "run")
    done("run", recipe, "--shard", f"{number}/999", "--out", tmp_path / "run", "--dry-run")
    for command in (("eval", whole, "--model", "tiny"), ("derive", whole, "--method", "both")):
        done(*command, "--shard", f"{number}/999", "--out", tmp_path / "cut")
    assert not contents(tmp_path / "cut")["problems"]
