"""What --ray makes by every command is what is made without it; workers stand in this process, pickled in and out."""

import asyncio
import pickle
import shutil
from collections.abc import AsyncIterator, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from commanding import done, journey, scripted_recipe, whole_answers, write_rows

from journey import prompts
from journey.models.weights import TINY, model_path
from journey.pipeline import ray_cluster, ray_runs
from journey.pipeline.ray_cluster import RaySettings
from journey.store.entries import Failure, JudgeWeights, Refusals, StepScores
from journey.store.run import Run

TABLES = ("problems", "trees", "thoughts", "attempts")


class Cluster:
    """A worker that takes batches; those with a problem of `killers` kill it."""

    def __init__(self) -> None:
        self.killers, self.batches = set[str](), list[int]()

    async def spread(
        self, settings: RaySettings, make: Any, argument: Any, units: Iterable[Any], on_wait: Any
    ) -> AsyncIterator[tuple[Any, Any]]:
        work, left = make(_sent(argument)), iter(units)
        while batch := list(islice(left, settings.batch)):
            self.batches.append(len(batch))
            well = [unit for unit in batch if unit.problem.id not in self.killers]
            if well:
                yield well, _sent(await asyncio.to_thread(work, _sent(well)))
            for unit in batch:
                if unit not in well:
                    yield [unit], None
        await asyncio.to_thread(work.__self__.loop.close)


def _sent(what: Any) -> Any:
    return pickle.loads(pickle.dumps(what))


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    made = Cluster()
    monkeypatch.setattr(ray_runs, "spread", made.spread)
    monkeypatch.setattr(ray_cluster, "find_spec", lambda name: name)
    return made


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of six trees and no thought, with two problems to test on."""
    folder = tmp_path_factory.mktemp("grown")
    done("grow", scripted_recipe(folder), "--out", folder / "run")
    return folder / "run"


@pytest.fixture
def two(grown: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Two copies of it, to be worked on without a cluster and with one."""
    return tuple(shutil.copytree(grown, tmp_path / name) for name in ("alone", "ray"))  # type: ignore[return-value]


ON_RAY = ("--ray", "auto", "--set", "ray.batch=2")


def assert_same(alone: Path, on_ray: Path) -> None:
    with Run.read(alone) as a, Run.read(on_ray) as b:
        for table in TABLES:
            assert [*b.all(table)] == [*a.all(table)], table
            assert [b.given(table, id) for id in sorted(b.ids(table))] == [
                a.given(table, id) for id in sorted(a.ids(table))
            ]
        assert sorted(row[0] for row in a.rows("calls")) == sorted(
            row[0] for row in b.rows("calls") if row[1][:2] != "[]" and '"no_thought"' not in row[1]
        )
        for kind in (Failure, Refusals, JudgeWeights):
            assert sorted(map(repr, a.entries(kind))) == sorted(map(repr, b.entries(kind)))
        assert sorted(map(repr, a.entries(StepScores))) == sorted(map(repr, b.entries(StepScores)))


def teacher(run: Path, file: Path) -> str:
    """A scripted teacher of the run's puzzles: one of them it solves wrongly, and of the last it knows nothing."""
    with Run.read(run) as of:
        puzzles = list(of.problems(split="train"))
    texts = [f"<think>\nLet me see.\n</think>\n{p.solution}" for p in puzzles]
    asked = [prompts.fill("distill", question=p.question) for p in puzzles]
    found = [{"prompt": prompt, "completions": [text]} for prompt, text in zip(asked, texts, strict=True)]
    found[0]["completions"] = ["1 + 1 = 2"]
    return f"scripted/{write_rows(file, found[:-1])}"


@pytest.mark.parametrize("method", ["both", "star", "distill"])
def test_derive_makes_the_same_thoughts_on_a_cluster(
    two: tuple[Path, Path], cluster: Cluster, method: str, tmp_path: Path
) -> None:
    alone, on_ray = two
    by = {"both": [], "star": ["--model", "tiny"], "distill": ["--strong", teacher(alone, tmp_path / "t.jsonl")]}
    command = ("--method", method, *by[method], "--json")
    without = journey("derive", alone, *command)
    for _ in range(2):  # the second time nothing is left to do but what failed
        with_ray = journey("derive", on_ray, *command, *ON_RAY)
        assert with_ray.code == without.code == (1 if method == "distill" else 0), with_ray.err
        assert cluster.batches[:3] == [2, 2, 2]
        assert with_ray.data | {"run": ""} == without.data | {"run": ""}
        assert_same(alone, on_ray)
    assert cluster.batches[3:] == ([1] if method == "distill" else [])


@pytest.mark.parametrize("how", [("--judge", "exact"), ("--values", "exact")])
def test_judge_judges_the_same_on_a_cluster(grown: Path, cluster: Cluster, tmp_path: Path, how: tuple[str]) -> None:
    command = ("judge", grown, *how, "--json")
    without = done(*command, "--out", tmp_path / "alone").data
    for _ in range(2):
        with_ray = done(*command, "--out", tmp_path / "ray", *ON_RAY).data
        assert with_ray | {"run": ""} == without | {"run": ""}
        assert_same(tmp_path / "alone", tmp_path / "ray")
    assert cluster.batches == [2, 2, 2]


def solver(run: Path, file: Path) -> str:
    """A scripted model that solves the run's puzzles by their known solutions."""
    with Run.read(run) as of:
        return f"scripted/{whole_answers(file, of.problems(split='train'), lambda p: str(p.solution))}"


def test_eval_answers_scores_and_searches_the_same_on_a_cluster(
    two: tuple[Path, Path], cluster: Cluster, tmp_path: Path
) -> None:
    command = ("--model", solver(two[0], tmp_path / "s.jsonl"), "--split", "train", "--json")
    many = ("--decoding", "sampled", "--samples", "2", "--judge", "exact")
    scored = [(*many, "--set", f"rm.aggregate={how}") for how in ("min", "last")]
    searched = ("--search", "best_of_n", "--search", "vote", "--judge", "exact", "--set", "search.n=2")
    for flags in ((), *scored, searched):
        alone, on_ray = (done("eval", run, *command, *flags, *on) for run, on in zip(two, ((), ON_RAY), strict=True))
        assert on_ray.data | {"report": ""} == alone.data | {"report": ""}
        assert_same(*two)
    done("eval", two[1], *command, *ON_RAY)
    assert len(cluster.batches) == 12  # the last time nothing was left to do


def test_a_model_of_the_run_goes_to_the_workers_and_its_weights_stand_by_the_path_of_the_run(
    two: tuple[Path, Path], cluster: Cluster
) -> None:
    for run, on in zip(two, ((), ON_RAY), strict=True):
        shutil.copytree(Path(model_path(TINY)), run / "models" / "mine")
        done("eval", run, "--model", "mine", "--limit", "1", "--answer-tokens", "9", *on)
    with Run.read(two[1]) as run:
        assert list(run.entries(JudgeWeights)[0].weights) == [str(two[1] / "models" / "mine")]
    assert cluster.batches == [1]


def test_what_kills_its_workers_is_listed_once_and_taken_off_when_it_is_done(
    grown: Path, two: tuple[Path, Path], cluster: Cluster, tmp_path: Path
) -> None:
    with Run.read(grown) as run:
        killer = next(run.problems(split="train")).id
    answering = ("eval", two[1], "--model", solver(two[1], tmp_path / "s.jsonl"), "--split", "train")
    commands = [
        ("derive", two[1]), answering, (*answering, "--search", "vote", "--set", "search.n=2"),
        ("judge", grown, "--judge", "exact", "--out", tmp_path / "judged"),
    ]  # fmt: skip
    for command in commands:
        cluster.killers = {killer}
        failed = journey(*command, *ON_RAY)
        assert failed.code == 1 and "it ended its worker 3 times" in failed.err, failed.err
        cluster.killers = set()
        done(*command, *ON_RAY)
        with Run.read(command[1] if command[0] != "judge" else tmp_path / "judged") as run:
            assert not run.failures()


def test_a_shard_is_worked_on_by_a_cluster_too(grown: Path, cluster: Cluster, tmp_path: Path) -> None:
    whole = shutil.copytree(grown, tmp_path / "whole")
    done("derive", whole)
    shards = [tmp_path / f"shard-{n}" for n in (1, 2)]
    for number, shard in enumerate(shards, 1):
        done("derive", grown, "--shard", f"{number}/2", "--out", shard, *ON_RAY)
    done("merge", *shards, "--out", tmp_path / "merged")
    assert_same(whole, tmp_path / "merged")


def test_without_ray_every_command_says_how_to_install_it_before_it_makes_anything(
    grown: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_cluster, "find_spec", lambda name: None)
    recipe, out = scripted_recipe(tmp_path), tmp_path / "out"
    for command in (
        ("run", recipe), ("grow", recipe), ("derive", grown, "--shard", "1/2"), ("judge", grown, "--judge", "exact"),
        ("eval", grown, "--model", "tiny", "--shard", "1/2"),
    ):  # fmt: skip
        refused = journey(*command, "--out", out, "--ray", "auto")
        assert refused.code == 2 and "pip install 'journey-learning[ray]'" in refused.err
        assert refused.err.count("\n") == 1 and not out.exists()


def test_an_address_where_nobody_answers_is_one_sentence_within_seconds(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not installed; it comes with the extra dev")
    refused = journey("run", scripted_recipe(tmp_path), "--ray", "127.0.0.1:1", "--out", tmp_path / "run")
    assert refused.code == 2 and "there is no Ray cluster at 127.0.0.1:1" in refused.err
