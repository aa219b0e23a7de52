"""Work on a Ray cluster of several nodes on one machine: what dies is done again, once, and nothing waits for ever."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest
from commanding import done, journey, scripted_recipe
from ray_work import KILLER, refusing, squares

from journey import interrupts
from journey.errors import UsageError
from journey.models.budget import BudgetTracker, Limits, Usage
from journey.pipeline.ray_cluster import RaySettings
from journey.pipeline.ray_workers import spread
from journey.store.run import Run


async def gathered(settings: RaySettings, make: Any, units: Sequence[int], on_result: Any = None) -> dict[int, Any]:
    found: dict[int, Any] = {}
    async for batch, results in spread(settings, make, 1000, units):
        for number, result in zip(batch, results or [None] * len(batch), strict=True):
            assert number not in found, "a result came twice"
            found[number] = result
        if on_result is not None:
            on_result(len(found))
    return found


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes of one core each."""
    ray = pytest.importorskip("ray", reason="Ray is not installed; it comes with the extra dev")
    from ray.cluster_utils import Cluster

    here = os.pathsep.join([*sys.path, os.environ.get("PYTHONPATH", "")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", here)  # nodes import the tests' modules
        made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        made.second = made.add_node(num_cpus=1)
        yield made
        ray.shutdown()
        made.shutdown()


@pytest.mark.slow
def test_a_unit_that_kills_its_worker_is_listed_and_takes_no_other_along(cluster: Any) -> None:
    settings, on_term = RaySettings(address=cluster.address, batch=4), signal.getsignal(signal.SIGTERM)
    found = interrupts.run(gathered(settings, squares, range(20)))
    assert found == {number: None if number == KILLER else 1000 + number**2 for number in range(20)}
    assert signal.getsignal(signal.SIGTERM) == on_term  # Ray would end the command by its own


@pytest.mark.slow
def test_an_error_of_the_work_is_raised_as_itself_and_a_worker_that_fits_no_node_is_refused(cluster: Any) -> None:
    with pytest.raises(ValueError, match="no 0"):
        interrupts.run(gathered(RaySettings(address=cluster.address), refusing, range(3)))
    with pytest.raises(UsageError, match="64 cores and 2 GPUs"):
        interrupts.run(gathered(RaySettings(address=cluster.address, cores=64, gpus=2), squares, range(3)))


@pytest.mark.slow
def test_a_recipe_goes_on_when_a_node_is_killed_and_another_added(cluster: Any, tmp_path: Path) -> None:
    def change(number: int) -> None:
        if number == 40:
            cluster.remove_node(cluster.second, allow_graceful=False)
            cluster.second = cluster.add_node(num_cpus=1)

    numbers = [number for number in range(400) if number != KILLER]
    found = interrupts.run(gathered(RaySettings(address=cluster.address, batch=4), squares, numbers, change))
    assert found == {number: 1000 + number**2 for number in numbers}

    recipe = scripted_recipe(tmp_path)
    done("run", recipe, "--out", tmp_path / "alone")
    for _ in range(2):  # the second time nothing is left to do
        done("run", recipe, "--out", tmp_path / "spread", "--ray", cluster.address, "--set", "ray.batch=2")
    done("grow", recipe, "--out", tmp_path / "grown", "--ray", cluster.address)
    with Run.read(tmp_path / "alone") as alone, Run.read(tmp_path / "spread") as on_ray:
        for table in ("problems", "trees", "thoughts"):
            assert [*on_ray.all(table)] == [*alone.all(table)] != []
    with Run.read(tmp_path / "grown") as grown, Run.read(tmp_path / "alone") as alone:
        assert [*grown.trees()] == [*alone.trees()] and not grown.count("thoughts")

    on = ("--ray", cluster.address, "--set", "ray.batch=2")
    answers = (tmp_path / "alone", "--model", "tiny", "--limit", "1", "--answer-tokens", "9")
    shutil.copytree(tmp_path / "alone", tmp_path / "answered")
    done("eval", *answers)
    done("eval", tmp_path / "answered", *answers[1:], *on)
    for name, flags in (("judged", ()), ("judged on ray", on)):
        done("judge", tmp_path / "alone", "--judge", "exact", "--out", tmp_path / name, *flags)
    done("derive", tmp_path / "grown", *on)
    for table, one, other in (
        ("attempts", "alone", "answered"), ("trees", "judged", "judged on ray"), ("thoughts", "alone", "grown"),
    ):  # fmt: skip
        with Run.read(tmp_path / one) as alone, Run.read(tmp_path / other) as on_ray:
            assert [*on_ray.all(table)] == [*alone.all(table)] != [], table


@pytest.mark.slow
def test_a_cluster_that_loses_its_head_ends_the_command_with_one_sentence_and_the_same_command_goes_on(
    tmp_path: Path,
) -> None:
    pytest.importorskip("ray", reason="Ray is not installed; it comes with the extra dev")
    from ray.cluster_utils import Cluster

    here = os.pathsep.join([*sys.path, os.environ.get("PYTHONPATH", "")])
    recipe, out = scripted_recipe(tmp_path), tmp_path / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", here)
        mine = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        assert mine.head_node is not None
        second = mine.add_node(num_cpus=1)
        command = [sys.executable, "-m", "ray_work", "run", str(recipe), "--out", str(out), "--json"]
        command += ["--ray", mine.address, "--set", "ray.batch=1"]
        ended = Popen([*command, "--kill", str(mine.head_node.all_processes["gcs_server"][0].process.pid)], stdout=PIPE,
                      stderr=PIPE, text=True)  # fmt: skip
        printed, said = ended.communicate()
        mine.remove_node(second, allow_graceful=False)
        mine.shutdown()
    assert (ended.returncode, printed) == (1, "")
    assert said.count("\n") == 1 and said.startswith("journey: the Ray cluster is lost"), said
    with Run.read(out) as run:
        kept = [*run.trees()]
        assert kept
    done("run", recipe, "--out", out)
    with Run.read(out) as run:
        assert run.count("trees") == 6 and all(run.tree(tree.id) == tree for tree in kept)


def test_a_worker_without_cores_is_refused(tmp_path: Path) -> None:
    assert journey("run", scripted_recipe(tmp_path), "--set", "ray.cores=0", "--out", tmp_path / "run").code == 2


def test_what_other_processes_use_counts_against_the_budget() -> None:
    tracker = BudgetTracker(Limits(calls=3))
    tracker.add("m", Usage(3, 10, 10))
    assert tracker.reached() is None
    tracker.add("m", Usage(1, 1, 1) - Usage(0, 1, 1))
    assert "budget of 3 calls" in str(tracker.reached())
