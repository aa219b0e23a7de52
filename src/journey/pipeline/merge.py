"""One run of several: shards that machines made apart, each thing once; and a shard of a run as a run of its own."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from journey.data.importing import opened
from journey.errors import UsageError
from journey.models.weights import folder_hash
from journey.pipeline.shard import KEY, Shard, joined, shard_of
from journey.store import images
from journey.store.entries import Training
from journey.store.files import NAME, take_over
from journey.store.labels_union import unite_labels
from journey.store.run import Run
from journey.store.schema import Rows
from journey.store.settings import differences
from journey.store.union import union

UNCOMPARED = ("recipe.workers", "recipe.in_flight", "recipe.servers", "recipe.launch", "of", KEY)
"""Settings in which the runs of one experiment may differ: how fast, by which servers, of which copy, which part."""


class Merged(NamedTuple):
    """What a merged run holds, by table, and the shards that are missing of those that were cut."""

    counts: dict[str, int]
    missing: list[str]


def merge_runs(sources: Sequence[Path], out: Path) -> Merged:
    """Makes one run of several, or brings them into the one that is there; again it changes nothing.

    As long as shards are missing, the merged run is those that it has, and goes on as such.

    All or nothing: what one commit writes, models and people's labels excepted, which are brought before it. Raises
    UsageError where settings, versions, weights of a model or a record are not the same in all.
    """
    with ExitStack() as stack:
        runs = [stack.enter_context(Run.read(path)) for path in sources if path.resolve() != out.resolve()]
        if not runs:
            raise UsageError(f"{out} is the only run that was named; name the runs to merge into it, too")
        for run in runs:
            stack.enter_context(run.snapshot())
        check_same(runs)
        models = _models(runs)
        config = {key: value for key, value in runs[0].config.items() if key != KEY}
        together = joined([shard_of(run.config) for run in (*runs, *_there(out))])
        if together is not None:
            config[KEY] = str(together)
        into = stack.enter_context(opened(out, config, UNCOMPARED))
        into.apply(_writes(into, runs, models))
        counts = {table: into.count(table) for table in ("problems", "trees", "thoughts", "attempts")}
        return Merged(counts, [] if together is None else [f"{n}/{together.count}" for n in together.missing])


def check_same(runs: Sequence[Run]) -> None:
    """Raises UsageError where runs are not parts of one experiment."""
    first = runs[0]
    for other in runs[1:]:
        if changed := differences(first.config, other.config, UNCOMPARED):
            raise UsageError(
                f"{first.path} and {other.path} were made with other settings ({'; '.join(changed[:8])}); only "
                "runs of the same recipe, in the same versions, are merged or exported together"
            )


def _there(out: Path) -> list[Run]:
    """The run that is merged into, closed again, where there is one with records."""
    if not (out / NAME).is_file():
        return []
    with Run.read(out) as run:
        return [run] if run.count("problems") else []


def cut(run: Path, shard: Shard, out: Path | None) -> Path:
    """A shard of a run as a run of its own, beside it if nobody says otherwise; the run itself is only read."""
    out = shard.folder(run) if out is None else out
    with Run.read(run) as source, source.snapshot():
        if (part := shard_of(source.config)) is not None:
            raise UsageError(f"{run} is shard {part} of a run; work on it as it is, or cut the whole run")
        config = {**source.config, KEY: str(shard)}
        only = {id for id in source.ids("problems") if shard.holds(id)}
        with opened(out, config, UNCOMPARED[:-1]) as into:
            into.apply(_writes(into, [source], _models([source]), only))
    return out


def is_empty(path: Path, table: str, **where: str) -> bool:
    """Whether a shard's run holds nothing of a kind to work on."""
    with Run.read(path) as run:
        return not run.count(table, **where)


def _models(runs: Sequence[Run]) -> dict[str, Path]:
    """The folders of trained models, by name. Raises UsageError where one name has other weights in another run."""
    found: dict[str, Path] = {}
    for run in runs:
        for name in {entry.model for entry in run.entries(Training)}:
            folder = run.path / "models" / name
            if not folder.is_dir():
                continue
            before = found.setdefault(name, folder)
            if before != folder and folder_hash(before) != folder_hash(folder):
                raise UsageError(
                    f"{before} and {folder} have other weights, so what they made does not belong together; train the "
                    "model once, and copy its folder into the run of each shard before it begins"
                )
    return found


def _writes(into: Run, runs: Sequence[Run], models: dict[str, Path], only: set[str] | None = None) -> Iterator[Rows]:
    """The rows; then, before they are committed, the files, each whole or not there."""
    yield from union(into, runs, only)
    for run in runs:
        shown = (p.images for p in run.problems() if only is None or p.id in only)
        images.take((name for names in shown for name in names), run.path, into.path)
    for name, folder in models.items():
        take_over(folder, into.path / "models" / name)
    if only is None:
        unite_labels([run.path for run in runs], into.path)
