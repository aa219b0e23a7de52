"""Recipes as Slurm jobs: what is written, and what it does under a stand-in for Slurm."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commanding import done, journey, scripted_recipe
from slurm_stand_in import Slurm, Task

from journey.pipeline.recipe_reading import load, plain_recipe
from journey.store.run import Run

SETTINGS = """
shards: 2
time: "00:10:00"
before: 60
repeat: 2
directives: {partition: gpu, gres: "gpu:4", mem: 64G}
setup: ["export FROM_SETUP=yes$NOT_SET"]
"""
SERVERS = """
servers:
  openai: {model: Qwen/Qwen2.5-7B-Instruct, name: teacher, replicas: 2, gpus: 2, options: ["--max-model-len 8192"]}
"""
# What stands still until it is ended, with a line in the record. In Python: bash may lose a signal while it forks.
STANDS = f"""#!{sys.executable}
import os, signal, sys
def ended(number, frame):
    LAST
    os._exit(CODE)
signal.signal(signal.SIGTERM, ended)
def note(line):
    with open("$RECORD", "a") as record:
        print(line, file=record)
"""
# Commands of a node: a journey that works until it is ended the first time, a server, and what waits for it.
COMMANDS = {
    "journey": STANDS.replace("LAST", 'note("ended"); open(mark, "w")').replace("CODE", "130")
    + """
note(" ".join(["journey", *sys.argv[1:]]))
mark = "$RECORD." + os.environ.get("SLURM_ARRAY_TASK_ID", "")
if "--shard" in sys.argv and not os.path.exists(mark):
    note("begun")
    while True:
        signal.pause()
""",
    "vllm": STANDS.replace("LAST", 'note("server ended")').replace("CODE", "0")
    + """
note(f"CUDA_VISIBLE_DEVICES={os.environ['CUDA_VISIBLE_DEVICES']} vllm {' '.join(sys.argv[1:])}")
while True:
    signal.pause()
""",
    "curl": """#!/bin/bash
port=${*: -1}
port=${port#*1:}
grep -q -- "--port ${port%%/*}" "$RECORD"
""",
    "sleep": "#!/bin/bash\n",
}


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    file = tmp_path / "sbatch.yaml"
    file.write_text(SETTINGS + SERVERS)
    return file


def written(recipe: Path, jobs: Path, out: Path) -> Path:
    found = done("run", recipe, "--slurm", jobs, "--dry-run", "--out", out, "--json").data
    assert "2 shards" in found["jobs"]
    return Path(found["submitted_by"].removeprefix("bash "))


def test_a_dry_run_writes_scripts_and_the_resolved_recipe_and_does_nothing_else(jobs: Path, tmp_path: Path) -> None:
    recipe, out = scripted_recipe(tmp_path, strong="openai/teacher"), tmp_path / "a run"
    script = written(recipe, jobs, out)
    assert [file.name for file in out.iterdir()] == ["slurm"]
    assert plain_recipe(load(script.parent / "recipe.yaml")) == plain_recipe(load(recipe))
    shards = (script.parent / "shards.sbatch").read_text()
    for line in ("--array=1-2", "--time=00:10:00", "--signal=B:TERM@60", "--gres=gpu:4", "--partition=gpu"):
        assert f"#SBATCH {line}\n" in shards
    checker = shutil.which("shellcheck") or str(Path(sys.executable).with_name("shellcheck"))
    if not Path(checker).exists():
        pytest.skip("shellcheck is not installed; it comes with the extra dev")
    files = [script, script.parent / "shards.sbatch", script.parent / "finish.sbatch"]
    subprocess.run([checker, "--shell=bash", *files], check=True)


@pytest.mark.parametrize(
    ("line", "mend"),
    [
        ("time: 24:00:00", 'in quotes: "24:00:00"'),
        ("shards: 0", "at least 1"),
        ("directives: {array: 1-9}", "'array'"),
        ("directives: {gres: \"gpu:1\\nrm -rf /\"}", "'gres'"),
        ("servers: {a b: {model: m}}", "'a b'"),
        ("walltime: 1", "walltime"),
        ("{time: '5:00', before: 300}", "less before"),
        ("{time: 1-2, before: 93_600}", "less before"),
        ("servers: {other: {model: m}}", "would ask the server other"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_job_is_refused_in_one_sentence(line: str, mend: str, tmp_path: Path) -> None:
    (tmp_path / "sbatch.yaml").write_text(line)
    refused = journey(
        "run",
        scripted_recipe(tmp_path, strong="openai/teacher"),
        "--slurm",
        tmp_path / "sbatch.yaml",
        "--dry-run",
        "--out",
        tmp_path / "out",
    )
    assert refused.code == 2 and mend in refused.err and refused.err.count("\n") == 1, refused.err
    assert not (tmp_path / "out").exists()


def test_jobs_end_before_their_walltime_the_next_go_on_and_the_last_merges(
    jobs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6,7")  # what Slurm gave the job of the node's GPUs
    script = written(scripted_recipe(tmp_path, strong="openai/teacher"), jobs, tmp_path / "run")
    record = tmp_path / "record"

    def ends(task: Task) -> bool:
        """The walltime comes when the work of the first array has begun."""
        return task.job == 100 and record.exists() and record.read_text().count("begun") == task.index

    slurm = Slurm(tmp_path / "slurm", ends)
    for name, text in COMMANDS.items():
        slurm.command(name, text.replace("$RECORD", str(record)))
    slurm.submit(script)
    slurm.work()
    ended = [("run-shards", 1, 130), ("run-shards", 2, 130), ("run-shards", 1, 0), ("run-shards", 2, 0)]
    assert slurm.log == [*ended, ("run-finish", None, 0)]
    assert slurm.states == {100: False, 101: True, 102: True, 103: None}
    lines = record.read_text().splitlines()
    assert lines.count("ended") == 2 and lines.count("server ended") == 8
    served = "vllm serve Qwen/Qwen2.5-7B-Instruct --served-model-name teacher --host 127.0.0.1 --port"
    assert sum(line.startswith(f"CUDA_VISIBLE_DEVICES=4,5 {served}") for line in lines) == 4
    assert sum(line.startswith(f"CUDA_VISIBLE_DEVICES=6,7 {served}") for line in lines) == 4
    ports = [line.split("--port ")[1].split()[0] for line in lines if "--port" in line]
    first = next(line for line in lines if line.startswith("journey run"))
    urls = ",".join(f"http://127.0.0.1:{port}/v1" for port in sorted(ports[:2]))
    assert first.endswith(f"--shard 1/2 --out {tmp_path}/run-1-of-2 --set servers.openai.url=[{urls}]")
    assert lines[-2:] == [
        f"journey merge {tmp_path}/run-1-of-2 {tmp_path}/run-2-of-2 --out {tmp_path}/run",
        f"journey run {script.parent}/recipe.yaml --out {tmp_path}/run",
    ]


@pytest.mark.slow
def test_the_jobs_of_a_real_recipe_give_the_run_of_one_machine(tmp_path: Path) -> None:
    recipe, out = scripted_recipe(tmp_path, strong="openai/teacher"), tmp_path / "run"
    done("run", recipe, "--out", tmp_path / "alone")
    (tmp_path / "sbatch.yaml").write_text(SETTINGS)
    script = written(recipe, tmp_path / "sbatch.yaml", out)
    slurm = Slurm(tmp_path / "slurm", lambda task: task.job == 100 and (tmp_path / "run-1-of-2" / "run.db").exists())
    source = Path(__file__).parents[2] / "src"
    slurm.command("journey", f'#!/bin/bash\nPYTHONPATH={source} exec {sys.executable} -m journey "$@"\n')
    slurm.submit(script)
    slurm.work()
    assert [code for name, _, code in slurm.log if name == "run-finish"] == [0]
    with Run.read(out) as of, Run.read(tmp_path / "alone") as alone:
        for table in ("problems", "trees", "thoughts"):
            assert [*of.all(table)] == [*alone.all(table)] != []


def test_without_slurm_the_jobs_are_written_and_how_to_submit_them_is_shown(
    jobs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    refused = journey(
        "run", scripted_recipe(tmp_path, strong="openai/teacher"), "--slurm", jobs, "--out", tmp_path / "run"
    )
    assert refused.code == 2 and f"bash {tmp_path}/run/slurm/submit.sh" in refused.err
    assert (
        journey("run", scripted_recipe(tmp_path, strong="openai/teacher"), "--slurm", jobs, "--shard", "1/2").code == 2
    )
