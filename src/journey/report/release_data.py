"""The data of a release: problems, trees, thoughts, pairs and the rows that the arms learnt from, as Parquet files."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journey.data.problems import PARTS
from journey.models.weights import model_path
from journey.pipeline.arm_rows import model_name, of_preferences, preference_rows, thought_rows
from journey.pipeline.arms import ARMS, compared, method_of, policies, source_of
from journey.pipeline.fan_out import silent
from journey.pipeline.recipe import Recipe
from journey.pipeline.seed_work import base_of, seed_run
from journey.report.portable import Guard, portable
from journey.store.excluded import excluded
from journey.store.export import record_row, write_rows
from journey.store.run import Run
from journey.store.schema import Value
from journey.thoughts.methods import METHODS
from journey.types import Record, Thought, Tree

Row = Mapping[str, Any]
PARTS_OF = {
    "problems": "a problem with its answer; `solution` where one is known",
    "trees": "all that was tried on one problem: `nodes`, parents before children, each with its judgement",
    "long_thoughts": "a thought told with its side trips; `segments` say which piece is which node of its tree",
    "shortcuts": "the right path alone of a tree",
    "pairs": "a prompt, the better and the worse answer, by the `arm` that learnt from them",
    "rows": "a prompt and its completion, by the `arm` that learnt from them, in its order",
}
"""The configurations of a data set, with what a row of each is."""
TYPED = {"problems": "problems", "trees": "trees", "long_thoughts": "thoughts", "shortcuts": "thoughts"}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What of a run is released: the seed's part, null where the run has none; its recipe, null where it has none."""

    run: Run
    recipe: Recipe | None
    seed: int | None

    def where(self, table: str) -> dict[str, Value]:
        """The columns by which the seed's records of a table are found; all of them where the seed has none."""
        tries: list[dict[str, Value]] = []
        if self.seed is not None and table == "thoughts":
            tries = [{"seed": self.seed}]
        elif self.seed is not None and table == "trees":
            tries = [{"policy": name} for name in policies(self.seed)]
        return next((one for one in tries if self.run.count(table, **one)), {})

    def trees(self) -> Iterator[Tree]:
        """The trees, those that gave no thought among them, less those of problems taken out of training."""
        out = excluded(self.run)
        return (tree for tree in self.run.trees(**self.where("trees")) if tree.problem not in out)

    def thoughts(self, *, short: bool) -> Iterator[Thought]:
        """The shortcuts, or all other thoughts, less those of problems taken out of training."""
        out = excluded(self.run)
        found = self.run.thoughts(**self.where("thoughts"))
        shortest = method_of(compared()[0])
        return (one for one in found if (one.method == shortest) == short and one.problem not in out)

    def arm_rows(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """The rows that each arm of the seed learnt from in the first round, as they were given to its training.

        Without a recipe those of each method's thoughts, by the method. Arms that learn from their own answers as they
        draw them (RL) have no rows.
        """
        if self.recipe is None or self.seed is None or not self.recipe.arms:
            yield from ((method, rows) for method in METHODS if (rows := thought_rows(self.run, method)))
            return
        of = seed_run(self.run, silent, self.recipe, self.seed)
        for name, settings in self.recipe.arms.items():
            arm = ARMS[name]
            if arm.training == "rl" or not of.weights(name).is_dir():
                continue
            needs, base = source_of(name, list(self.recipe.arms)), base_of(self.recipe)
            source, weights = (base, model_path(base)) if needs is None else (of.name(needs), of.weights(needs))
            if arm.rows is of_preferences:
                yield name, preference_rows(of, settings, source, weights)
            else:
                yield name, asyncio.run(_rows(arm.rows(of, settings, source, weights)))

    def models(self) -> dict[str, Path]:
        """The folders of the seed's models that are there, by arm; of a run without seeds those of all its models."""
        folder = self.run.path / "models"
        if self.seed is not None:
            found = {arm: folder / model_name(self.seed, arm) for arm in ARMS}
        else:
            found = {one.name: one for one in sorted(folder.glob("*"))}
        return {name: place for name, place in found.items() if any(place.glob("*.safetensors"))}


async def _rows(rows: Any) -> list[dict[str, Any]]:
    return await rows


def write_data(chosen: Chosen, folder: Path, guard: Guard) -> dict[str, dict[str, int]]:
    """Writes the files of each configuration that has rows; how many rows each of its splits has."""
    by_arm = [(arm, [_public(row, arm) for row in rows]) for arm, rows in chosen.arm_rows()]
    flat = [row for _, rows in by_arm for row in rows]
    run = chosen.run
    parts: dict[str, dict[str, Iterable[Row]]] = {
        "problems": {part: _rows_of(run, "problems", run.problems(split=part)) for part in PARTS},
        "trees": {"train": _rows_of(run, "trees", chosen.trees())},
        "long_thoughts": {"train": _rows_of(run, "thoughts", chosen.thoughts(short=False))},
        "shortcuts": {"train": _rows_of(run, "thoughts", chosen.thoughts(short=True))},
        "pairs": {"train": [row for row in flat if "chosen" in row]},
        "rows": {"train": [row for row in flat if "completion" in row]},
    }
    sizes: dict[str, dict[str, int]] = {}
    for name, splits in parts.items():
        for split, rows in splits.items():
            file = folder / f"{name}-{split}.parquet"
            number = write_rows(guard.rows(rows, f"data/{file.name}"), file, table=TYPED.get(name))
            if number:
                sizes.setdefault(name, {})[split] = number
            else:
                file.unlink()
    return sizes


def _rows_of(run: Run, table: str, records: Iterable[Record]) -> Iterator[Row]:
    return (portable(record_row(run, table, record)) for record in records)


def _public(row: Row, arm: str) -> dict[str, Any]:
    return {"arm": arm} | {name: value for name, value in row.items() if not name.startswith("_")}
