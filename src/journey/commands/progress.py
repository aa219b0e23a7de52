"""What a user sees while long work is going on: one bar a seed or stage, or sparse lines where no terminal is."""

import threading
import time
from collections.abc import Callable
from types import TracebackType

from rich import progress as bars
from rich.console import Console

from journey.pipeline.fan_out import Progress

EVERY = 15.0  # seconds between two lines about the same stage


class Bars:
    """Progress on standard error. Use it in a `with`; call it with who, stage, done and total.

    `note` gives what stands at the end of each line, what was spent so far, say; "" for nothing.
    """

    def __init__(self, silent: bool = False, note: Callable[[], str] = str) -> None:
        self._note = note
        self._console = Console(stderr=True, quiet=silent)
        self._bars: dict[str, bars.TaskID] = {}
        self._shown: dict[tuple[str, str], float] = {}
        self._last: tuple[str, str, int, int] | None = None
        self._ended = threading.Event()
        self._began = time.monotonic()
        self._live = self._console.is_terminal and not silent
        self._progress = bars.Progress(
            bars.TextColumn("{task.fields[who]:<8}", markup=False),  # names hold brackets: prm:FOLDER[right=0.7]
            bars.TextColumn("{task.description:<26}", markup=False),
            bars.BarColumn(),
            bars.MofNCompleteColumn(),
            bars.TimeElapsedColumn(),
            bars.TextColumn("{task.fields[note]}", markup=False),
            console=self._console,
            transient=True,
            disable=not self._live,
        )

    def __enter__(self) -> "Bars":
        self._progress.start()
        if not self._console.quiet:
            threading.Thread(target=self._move, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._progress.stop()

    def _move(self) -> None:
        """Shows the last stage again with what was spent since, where nothing ends for long (trees grow together)."""
        while not self._ended.wait(EVERY):
            if self._last is not None:
                self(*self._last)

    def __call__(self, who: str, stage: str, done: int, total: int) -> None:
        """`who` is at `stage`, with `done` of `total` units."""
        self._last = who, stage, done, total
        if self._live:
            if who not in self._bars:
                self._bars[who] = self._progress.add_task(stage, total=total, who=who, note="")
            self._progress.update(self._bars[who], description=stage, completed=done, total=total, note=self._note())
        else:
            self._line(who, stage, done, total)

    def of(self, who: str) -> Progress:
        """The same for one `who`, as the stages call it."""

        def report(stage: str, done: int, total: int) -> None:
            self(who, stage, done, total)

        return report

    def print(self, what: object, to: Console) -> None:
        """Prints to a console while the bars stand still."""
        self._progress.stop()
        to.print(what)
        self._progress.start()

    def _line(self, who: str, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        key = who, stage.partition(":")[0]  # what a stage says of itself changes from line to line
        if now - self._shown.get(key, -EVERY) >= EVERY:
            self._shown[key] = now
            minutes, seconds = divmod(int(now - self._began), 60)
            line = f"{minutes}:{seconds:02d} {who} {stage} {done}/{total} {self._note()}"
            self._console.print(line.rstrip(), highlight=False, markup=False)
