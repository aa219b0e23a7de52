"""Training on several processes, started from one: by torchrun, or by accelerate with FSDP or DeepSpeed."""

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from journey.errors import UsageError, check_settings
from journey.training.kinds import kind_of
from journey.training.settings import Optimising

SHARED = ("sft", "dpo", "prm")  # trainings that take nothing but rows, and give nothing but a model
SHOWN = 12  # lines of a launcher's last words


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """On how many `processes` of this machine training runs (1: in the command's own).

    `config` is a file of accelerate's (`recipes/accelerate`), null: torchrun, and each process holds the whole model.
    """

    processes: int = 1
    config: str | None = None

    def __post_init__(self) -> None:
        check_settings(self, "launch.", processes=1)
        if self.config is not None and not Path(self.config).expanduser().is_file():
            raise UsageError(f"there is no file {self.config} (launch.config); recipes/accelerate has some to copy")

    @property
    def is_needed(self) -> bool:
        """Whether other processes are started."""
        return self.processes > 1 or self.config is not None

    def check(self, kind: str) -> None:
        """Raises UsageError for a kind of training that it does not start."""
        if self.is_needed and kind not in SHARED:
            raise UsageError(
                f"launch starts trainings of the kinds {', '.join(SHARED)}, and {kind} is not one; leave it out"
            )

    def command(self) -> list[str]:
        """What starts the processes, up to the module that each runs."""
        if self.config is None:
            return ["torch.distributed.run", "--standalone", "--nproc_per_node", str(self.processes), "-m"]
        number = ["--config_file", str(Path(self.config).expanduser()), "--num_processes", str(self.processes)]
        return ["accelerate.commands.launch", *number, "--module"]


def train_launched(
    base: str | Path, rows: Sequence[Any], out: Path, settings: Optimising, on_log: Callable[[dict[str, Any]], None],
    launch: Launch,
) -> list[dict[str, Any]]:  # fmt: skip
    """Trains as `journey.training.launch` does in processes of their own; the curve.

    Raises UsageError for what the user must mend, among it a training that ended without a model, with its last words.
    """
    kind = kind_of(settings)
    launch.check(kind)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=".launch-") as name:
        folder = Path(name)
        (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        (folder / "settings.json").write_text(json.dumps(asdict(settings)), "utf-8")
        files = {"--rows": folder / "rows.jsonl", "--settings": folder / "settings.json", "--out": out,
                 "--refused": folder / "refused", "--model": base, "--world": launch.processes}  # fmt: skip
        given = [str(part) for pair in files.items() for part in pair]
        command = [sys.executable, "-m", *launch.command(), "journey.training.launch", kind, *given]
        threads = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // launch.processes))}
        last = _followed(command, threads | os.environ, on_log)
        if (folder / "refused").is_file():
            raise UsageError((folder / "refused").read_text("utf-8").strip())
    if last is not None:
        raise UsageError(f"training on {launch.processes} processes ended without a model; its last words: {last}")
    return json.loads((out / "curve.json").read_text("utf-8"))


def _followed(
    command: Sequence[str], environment: dict[str, str], on_log: Callable[[dict[str, Any]], None]
) -> str | None:
    """Runs the command to its end and gives its progress on; its last words where it failed."""
    last = deque[str](maxlen=SHOWN)
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
    ) as run:
        assert run.stderr is not None
        try:
            for line in run.stderr:
                last.append(line.strip())
                done, _, steps = line.removeprefix("step ").partition("  ")[0].partition("/")
                if line.startswith("step ") and done.isdigit() and steps.isdigit():
                    on_log({"step": int(done), "steps": int(steps)})
        except BaseException:
            run.terminate()
            raise
    return " / ".join(filter(None, last)) if run.returncode else None
