"""A stand-in for Slurm: `sbatch` keeps what it is given, and `Slurm.work` runs it as the real one would.

It honours arrays, dependencies (afterany, afterok, afternotok; --kill-on-invalid-dep), and walltime: TERM to the batch
script alone where --signal=B:TERM says so, KILL to all of the job at its end. It knows no queue, nodes or resources,
and a walltime is an event that the test names, not a time.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SBATCH = """#!{python}
import json, os, sys
folder = os.environ["SLURM_STAND_IN"]
number = 100 + len(os.listdir(folder))
*options, script = sys.argv[1:]
with open(os.path.join(folder, str(number)), "w") as file:
    json.dump({{"id": number, "options": options, "script": os.path.abspath(script)}}, file)
print(f"{{number}};cluster")
"""


@dataclass(frozen=True)
class Task:
    """One task of a job; `index` null where the job is no array."""

    job: int
    index: int | None
    name: str


@dataclass
class Slurm:
    """A cluster in a folder. `ends` says of a running task whether its walltime is near; null: never."""

    folder: Path
    ends: Callable[[Task], bool] = lambda task: False
    states: dict[int, bool | None] = field(default_factory=dict)  # by job: whether it ended well, null: cancelled
    log: list[tuple[str, int | None, int]] = field(default_factory=list)  # name, index and exit code of each task

    def __post_init__(self) -> None:
        self.path = self.folder / "bin"
        (self.folder / "queue").mkdir(parents=True)
        self.command("sbatch", SBATCH.format(python=sys.executable))

    def command(self, name: str, text: str) -> None:
        """Puts a command before all others."""
        self.path.mkdir(exist_ok=True)
        (self.path / name).write_text(text)
        (self.path / name).chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        """What a shell on the cluster has."""
        path = f"{self.path}:{os.environ['PATH']}"
        return os.environ | {"PATH": path, "SLURM_STAND_IN": str(self.folder / "queue")}

    def submit(self, script: Path) -> str:
        """Gives a script that submits; what it prints."""
        done = subprocess.run(["bash", script], capture_output=True, text=True, env=self.environment, check=True)
        return done.stdout

    def work(self) -> None:
        """Runs every job that was submitted, in their order, each when its dependency lets it."""
        for file in sorted((self.folder / "queue").iterdir(), key=lambda file: int(file.name)):
            job = json.loads(file.read_text())
            text = Path(job["script"]).read_text()
            options = [*re.findall(r"^#SBATCH (\S+)$", text, re.MULTILINE), *job["options"]]
            given = dict(one.removeprefix("--").partition("=")[::2] for one in options)
            if self._may_begin(given.get("dependency")):
                self.states[job["id"]] = self._run(job["id"], Path(job["script"]), given)
            else:
                assert "kill-on-invalid-dep" in given, "the job would wait for ever"
                self.states[job["id"]] = None

    def _may_begin(self, dependency: str | None) -> bool:
        if dependency is None:
            return True
        kind, _, number = dependency.partition(":")
        state = self.states[int(number)]
        return {"afterany": True, "afterok": state is True, "afternotok": state is not True}[kind]

    def _run(self, job: int, script: Path, given: dict[str, str]) -> bool:
        first, _, last = given.get("array", "").partition("-")
        indices: Sequence[int | None] = range(int(first), int(last) + 1) if first else [None]
        codes = [self._task(Task(job, index, given["job-name"]), script, given) for index in indices]
        return not any(codes)

    def _task(self, task: Task, script: Path, given: dict[str, str]) -> int:
        number = task.job * 100 + (task.index or 0)
        environment = self.environment | {"SLURM_JOB_ID": str(number), "SLURM_ARRAY_JOB_ID": str(task.job)}
        if task.index is not None:
            environment["SLURM_ARRAY_TASK_ID"] = str(task.index)
        with (self.folder / f"{task.name}-{number}.log").open("wb") as log:
            process = subprocess.Popen(
                ["bash", script], cwd=script.parent, env=environment, stdout=log, stderr=log, start_new_session=True
            )
            near = False
            while process.poll() is None:
                if not near and self.ends(task):
                    near = True
                    assert given["signal"].startswith("B:TERM@")
                    process.send_signal(signal.SIGTERM)
                try:
                    process.wait(0.02)
                except subprocess.TimeoutExpired:
                    continue
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what the script left running ends with its job
        self.log.append((task.name, task.index, process.returncode))
        return process.returncode
