"""Two arms whose texts are equal are not trained without a word, and everybody is told how many are."""

from pathlib import Path

import pytest
from commanding import done

from journey.errors import UsageError
from journey.pipeline.fan_out import silent
from journey.pipeline.recipe_reading import recipe_of
from journey.pipeline.seed_work import refuse_equal_arms, seed_run
from journey.store.run import Run
from journey.types import Segment, Thought

RECIPE = {"arms": {"phase1": {}, "shortcut": {}, "journey": {}}, "problems": {"train": 9}}


def thought(number: int, kind: str = "step") -> Thought:
    segments = (Segment(kind, "x", 0, 0, 1),)  # type: ignore[arg-type]
    return Thought(f"t{number}", f"p{number}", "tree", "traverse", segments, "x", "x", "1", seed=1)


def test_arms_are_refused_where_no_long_thought_has_a_side_trip(tmp_path: Path) -> None:
    recipe = recipe_of(RECIPE, "the recipe")
    one_trial = recipe_of(RECIPE | {"thoughts": {"traverse": {"trials": 1}}}, "the recipe")
    with Run.open(tmp_path / "run") as run:
        of = seed_run(run, silent, recipe, 1)
        run.put_all("thoughts", map(thought, range(4)))
        refuse_equal_arms(of, recipe)  # so few may lack one by chance
        run.put_all("thoughts", map(thought, range(4, 6)))
        refuse_equal_arms(of, one_trial)
        with pytest.raises(UsageError, match="none of the 6 long thoughts of seed 1 has a side trip"):
            refuse_equal_arms(of, recipe)
        run.put_all("thoughts", [thought(6, "mistake")])
        refuse_equal_arms(of, recipe)
    assert "1 of 7" in done("status", tmp_path / "run").out
