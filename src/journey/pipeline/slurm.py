"""A recipe as Slurm jobs: an array of shards with model servers beside them, and a job that merges and goes on.

What is written are plain shell scripts for a person to read, keep and change; nothing here speaks to Slurm.
"""

import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from typing import Any

import yaml

from journey.errors import UsageError, check_settings
from journey.pipeline import plain_settings
from journey.pipeline.recipe import Recipe
from journey.pipeline.recipe_reading import plain_recipe
from journey.store.files import replacing
from journey.tasks.table import task

NO_DIRECTIVE = ("array", "time", "signal", "job-name", "output", "dependency", "requeue", "parsable")
"""Options of sbatch that are set here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelServer:
    """vLLM beside each shard, for the models `SERVER/...` of a recipe.

    `model` is what vLLM loads and `name` what the recipe calls it (null: the same). `replicas` servers share the work,
    each on `gpus` of the node's GPUs; `options` are more of vLLM's.
    """

    model: str
    name: str | None = None
    replicas: int = 1
    gpus: int = 1
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_settings(self, "servers.", replicas=1, gpus=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """Which jobs a recipe becomes.

    `shards` is the length of the array. `time` is the walltime of each job as sbatch reads it; `before` seconds earlier
    the work is ended, and the next of `repeat` arrays in a row goes on with it. `directives` are more options of sbatch
    by their long names, `setup` lines of shell before the work, `servers` model servers by the recipe's names. `finish`
    are directives of the job that merges, trains and compares, over those of the shards; `finish_served` gives it model
    servers, too, which hold GPUs that training may want.
    """

    shards: int = 8
    time: str | int = "24:00:00"
    before: int = 300
    repeat: int = 3
    directives: Mapping[str, str | int] = field(default_factory=dict[str, Any])
    setup: tuple[str, ...] = ()
    servers: Mapping[str, ModelServer] = field(default_factory=dict[str, ModelServer])
    finish: Mapping[str, str | int] = field(default_factory=dict[str, Any])
    finish_served: bool = False

    def __post_init__(self) -> None:
        check_settings(self, shards=1, before=1, repeat=1)
        if (seconds := _seconds(str(self.time))) is None:
            raise UsageError(f'time is {self.time!r}; write the walltime as sbatch reads it, in quotes: "24:00:00"')
        if self.before >= seconds:
            raise UsageError(
                f"before is {self.before} s and the walltime {self.time} is over by then, so no job would begin; give "
                "less before, or more time"
            )
        for name, value in {**self.directives, **self.finish}.items():
            if name in NO_DIRECTIVE or not re.fullmatch("[a-z][a-z-]*", name) or "\n" in str(value):
                raise UsageError(f"the directive {name!r} is none of sbatch, or is written here: leave it out")
        for name in self.servers:
            if not re.fullmatch(r"\w+", name):
                raise UsageError(f"the server {name!r} is no name; write letters and digits")


def _seconds(time: str) -> int | None:
    """A walltime of sbatch (M:S, H:M:S, D-H, D-H:M, D-H:M:S) in seconds; null: it is none."""
    if not re.fullmatch(r"([0-9]+-[0-9]+(:[0-9]+){0,2}|[0-9]+(:[0-9]+){1,2})", time):
        return None
    days, _, rest = time.rpartition("-")
    parts = [int(part) for part in rest.split(":")]
    parts = [*parts, 0, 0][:3] if days else [0, *parts][-3:]
    hours, minutes, seconds = parts
    return int(days or 0) * 86_400 + hours * 3600 + minutes * 60 + seconds


def read_jobs(file: Path) -> Jobs:
    """The jobs of a YAML file. Raises UsageError."""
    return plain_settings.typed(Jobs, plain_settings.read_settings(file), str(file))


def write_jobs(jobs: Jobs, recipe: Recipe, out: Path) -> Path:
    """Writes the resolved recipe and the scripts into OUT/slurm, each whole; the one that submits the others.

    Raises UsageError where a server is no model's of the recipe: GPUs would wait for nothing.
    """
    text = yaml.safe_dump(plain_recipe(recipe), sort_keys=False, allow_unicode=True)
    if idle := [name for name in jobs.servers if f"{name}/" not in text]:
        raise UsageError(
            f"no model of the recipe is called {idle[0]}/NAME, so that nothing would ask the server {idle[0]}; name it "
            f"as the recipe does, or leave it out of servers"
        )
    folder = out.absolute() / "slurm"
    folder.mkdir(parents=True, exist_ok=True)
    name, resolved = out.name, folder / "recipe.yaml"
    allowed = ["--allow-code"] if task(recipe.task).code_grader is not None else []
    run = ["journey", "run", shlex.quote(str(resolved)), *allowed]
    shard = f'"$SLURM_ARRAY_TASK_ID/{jobs.shards}"'
    path = shlex.quote(str(out.absolute()))
    parts = " ".join(f"{path}-{number}-of-{jobs.shards}" for number in range(1, jobs.shards + 1))
    part = f'{path}-"$SLURM_ARRAY_TASK_ID"-of-{jobs.shards}'
    urls = [f'--set "servers.{name}.url=[$(joined "${{{name}_urls[@]}}")]"' for name in jobs.servers]
    finish, served = {**jobs.directives, **jobs.finish}, jobs.servers if jobs.finish_served else {}
    files = {
        resolved: text,
        folder / "shards.sbatch": _script(
            _directives(jobs, f"{name}-shards", jobs.directives, f"--array=1-{jobs.shards}", "--output=%x-%A_%a.log"),
            jobs, folder, [" ".join([*run, "--shard", shard, "--out", part, *urls])], jobs.servers,
        ),
        folder / "finish.sbatch": _script(
            _directives(jobs, f"{name}-finish", finish, "--output=%x-%j.log"),
            jobs, folder,
            [f"journey merge {parts} --out {path}", " ".join([*run, "--out", path, *(urls if served else ())])], served,
        ),
        folder / "submit.sh": SUBMIT.replace("REPEAT", str(jobs.repeat)),
    }  # fmt: skip
    for file, text in files.items():
        with replacing(file) as open_file:
            open_file.write(text.encode())
    return folder / "submit.sh"


def placement(jobs: Jobs) -> str:
    """What goes where, in one sentence."""
    gpus = sum(server.replicas * server.gpus for server in jobs.servers.values())
    served = ", ".join(f"{server.replicas} x {server.model}" for server in jobs.servers.values())
    beside = f", beside each {served} on {gpus} GPUs" if served else ""
    return (
        f"{jobs.shards} shards, at most {jobs.repeat} times {jobs.time}{beside}; then one job that merges and goes on"
    )


def submit(script: Path) -> int:
    """Submits the jobs; the exit code. Raises UsageError where there is no Slurm."""
    if which("sbatch") is None:
        raise UsageError(f"there is no sbatch here; the jobs are written: give bash {script} where there is one")
    return subprocess.run(["bash", str(script)], check=False).returncode


def _directives(jobs: Jobs, name: str, more: Mapping[str, str | int], *own: str) -> list[str]:
    named = [f"--job-name={re.sub(r'[^A-Za-z0-9._-]', '_', name)}", "--open-mode=append"]
    ends = [f"--time={jobs.time}", f"--signal=B:TERM@{jobs.before}"]
    return [*named, *ends, *own, *(f"--{key}={value}" for key, value in more.items())]


def _script(
    directives: Sequence[str], jobs: Jobs, folder: Path, work: Sequence[str], servers: Mapping[str, ModelServer]
) -> str:
    begun, used = list[str](), 0
    for name, server in servers.items():
        begun.append(f"{name}_urls=()")
        for replica in range(server.replicas):
            begun += _replica(name, server, folder, len(begun), [*range(used, used + server.gpus)], replica)
            used += server.gpus
    setup = ["set +u", *jobs.setup, "set -u"] if jobs.setup else []  # scripts of others use names that are not set
    return "\n".join([
        "#!/bin/bash", *(f"#SBATCH {one}" for one in directives), BEGIN.format(folder=shlex.quote(str(Path.cwd()))),
        *setup, *([SERVING, *begun, "wait_for_servers"] if servers else []), *(f"work {line}" for line in work),
        "",
    ])  # fmt: skip


def _replica(name: str, server: ModelServer, folder: Path, number: int, gpus: Sequence[int], replica: int) -> list[str]:
    """The lines that start one replica of a server, on its own GPUs and port."""
    called = shlex.quote(server.name or server.model)
    options = [shlex.quote(word) for option in server.options for word in shlex.split(option)]
    log = f'{shlex.quote(str(folder))}/{name}-"$SLURM_JOB_ID"-{replica}.log'
    own = ",".join(f"${{gpus[{number}]}}" for number in gpus)
    vllm = [f'CUDA_VISIBLE_DEVICES="{own}"', "vllm serve", shlex.quote(server.model)]
    vllm += ["--served-model-name", called, '--host 127.0.0.1 --port "$port" --tensor-parallel-size', str(len(gpus))]
    return [
        f"port=$((20000 + (SLURM_JOB_ID * 64 + {number}) % 40000))",
        " ".join([*vllm, *options, f"> {log} 2>&1 &"]),
        f'serving "http://127.0.0.1:$port/v1" && {name}_urls+=("$url")',
    ]


BEGIN = """
# What was begun is ended clean before the walltime: Slurm sends TERM to this script, which hands it on.
set -uo pipefail
child="" ending="" servers=()
trap 'ending=1; [ -z "$child" ] || kill -TERM "$child"' TERM
trap '[ ${{#servers[@]}} -eq 0 ] || {{ kill "${{servers[@]}}" 2>/dev/null; wait; }}' EXIT

work() {{
  [ -z "$ending" ] || exit 130
  "$@" &
  child=$!
  local code=0
  wait "$child" || code=$?
  while kill -0 "$child" 2>/dev/null; do  # a signal ended the wait, not the work
    code=0
    wait "$child" || code=$?
  done
  child=""
  [ "$code" -eq 0 ] || exit "$code"
}}

cd {folder} || exit 2
"""

SERVING = """
urls=()
IFS=, read -ra gpus <<< "${CUDA_VISIBLE_DEVICES:-$(seq -s, 0 63)}"  # those that Slurm gave
serving() {
  servers+=("$!")
  url=$1
  urls+=("$url")
}

joined() {
  local IFS=,
  echo "$*"
}

wait_for_servers() {
  local i
  for i in "${!urls[@]}"; do
    until curl --silent --fail --output /dev/null "${urls[$i]}/models"; do
      [ -z "$ending" ] || exit 130
      kill -0 "${servers[$i]}" || { echo "the server at ${urls[$i]} ended; its log says why" >&2; exit 1; }
      sleep 5
    done
  done
}
"""

SUBMIT = """#!/bin/bash
# Submits everything: arrays of shards, each of which goes on with what the one before left, then what needs them all.
set -euo pipefail
cd "$(dirname "$0")"
last=$(sbatch --parsable shards.sbatch)
for ((again = 1; again < REPEAT; again++)); do
  last=$(sbatch --parsable --dependency="afterany:${last%%;*}" shards.sbatch)
done
last=$(sbatch --parsable --dependency="afterok:${last%%;*}" --kill-on-invalid-dep=yes finish.sbatch)
for ((again = 1; again < REPEAT; again++)); do
  last=$(sbatch --parsable --dependency="afternotok:${last%%;*}" --kill-on-invalid-dep=yes finish.sbatch)
done
echo "submitted; the last job is ${last%%;*}"
"""
