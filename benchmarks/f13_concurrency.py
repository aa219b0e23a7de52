"""F13: however many problems are in flight, and whoever works on them, the exported records are byte for byte the same.

One small experiment with the tiny base (phase 1, trees, thoughts, two arms, answers), made with 1, 8 and 64 problems in
flight in one process, in two processes, as two shards that are merged and gone on with, and on Ray with one node and
with two, one of which is killed while it works and replaced. Each way is the commands that a person would give, in
processes of their own; `--only` chooses ways by how they begin. The quick form is an experiment of half a minute a way;
`--long` has five times the problems.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path

import bench
from bench import ROOT, Result

from journey.store.run import Run

TABLES = ("problems", "trees", "thoughts", "attempts")
RECIPE = ROOT / "recipes" / "countdown.yaml"
SETTINGS = {
    "seeds": 1, "problems.phase1": 320, "problems.validation": 4, "arms": "[phase1,shortcut,journey]",
    "arms.phase1.epochs": 2, "training.epochs": 1, "evaluation.max_tokens": 120, "evaluation.votes": 2,
}  # fmt: skip
NODES = "ray: 2 nodes, one killed, one added"
Way = Sequence[Sequence[object]]


def ways(folder: Path, settings: Mapping[str, object]) -> dict[str, Way]:
    """The commands of each way; the last one writes the run `folder`/NAME."""

    def run(name: str, *more: object, **others: object) -> list[object]:
        given = [f"--set={key}={value}" for key, value in {**settings, **others}.items()]
        return ["run", RECIPE, "--out", folder / name, *given, *more]

    shards = [f"shards {n}" for n in (1, 2)]
    return {
        "1 in flight": [run("1 in flight", in_flight=1, workers=0)],
        "8 in flight": [run("8 in flight", in_flight=8, workers=0)],
        "64 in flight": [run("64 in flight", in_flight=64, workers=0)],
        "processes: 2": [run("processes: 2", workers=2)],
        "shards: 2": [
            *(run(name, "--shard", f"{n}/2", workers=0) for n, name in enumerate(shards, 1)),
            ["merge", *(folder / name for name in shards), "--out", folder / "shards: 2"],
            run("shards: 2", workers=0),
        ],
        "ray: 1 node": [run("ray: 1 node", "--ray", "local", workers=0)],
        NODES: [run(NODES, workers=0, **{"ray.batch": 2})],
    }


def give(*command: object) -> None:
    """Gives a command; its errors end the benchmark."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-m", "journey", *map(str, command)], capture_output=True, text=True, env=environment
    )
    if done.returncode:
        raise SystemExit(f"journey {' '.join(map(str, command))}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")


def give_on_nodes(run: Path, *command: object) -> None:
    """Gives a command on a cluster of two nodes; when the first trees are stored one is killed and another added."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    second = cluster.add_node(num_cpus=1)

    work = threading.Thread(target=give, args=(*command, "--ray", cluster.address), daemon=True)
    work.start()
    try:
        while work.is_alive() and not ((run / "run.db").exists() and trees(run)):
            time.sleep(0.2)
        cluster.remove_node(second, allow_graceful=False)
        cluster.add_node(num_cpus=1)  # not in a thread: Ray sets signals
        work.join()
    finally:
        cluster.shutdown()


def trees(run: Path) -> int:
    """How many trees the run has by now."""
    with Run.read(run) as of:
        return of.count("trees")


def contents(run: Path) -> dict[str, str]:
    """The hash of each exported kind of record."""
    found: dict[str, str] = {}
    for table in TABLES:
        file = run.with_name(f"{run.name}-{table}.jsonl")
        give("export", run, table, "--to", file)
        found[table] = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
    return found


def compare(options: Namespace) -> Result:
    settings = SETTINGS | ({"problems.train": 150, "problems.test": 50} if options.long else
                           {"problems.train": 30, "problems.test": 10})  # fmt: skip
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory(prefix="journey-f13-") as name:
        folder = Path(name)
        for way, commands in ways(folder, settings).items():
            if options.only and not way.startswith(tuple(options.only.split(","))):
                continue
            began = time.perf_counter()
            for command in commands:
                if way == NODES:
                    give_on_nodes(folder / way, *command)
                else:
                    give(*command)
            seconds = time.perf_counter() - began
            rows.append([way, *contents(folder / way).values(), round(seconds, 1)])
    hashes = {tuple(row[1:-1]) for row in rows}
    figures = {"ways": len(rows), "different contents": len(hashes)}
    grid = bench.table("hash of the exported records", ("", *TABLES, "seconds"), rows)
    return Result(figures, len(hashes) == 1 if len(rows) > 1 else None, shown=[grid])


if __name__ == "__main__":
    bench.run("F13", __doc__, compare, bench.flag("--only", default="", help="ways by how they begin: 1,8,shards"))
