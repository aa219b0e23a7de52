"""What a recipe takes on a cluster: GPUs, hours, money, bytes, writes, runs."""

from pathlib import Path

import pytest
from commanding import done, journey

from journey.errors import UsageError
from journey.models.budget import Price, Usage
from journey.models.estimate import Estimate
from journey.pipeline.cluster_plan import cluster_plan, read_gpus, scaled

SMALL, LARGE = "a/Q-7B", "b/Q-72B"
ASKED = [Estimate(SMALL, "steps", Usage(100, 4_000, 36_000)), Estimate(LARGE, "verdicts", Usage(100, 360_000, 36_000))]
GPUS = "8xH100:7B=10,72B=1/100"


def test_gpu_hours_come_from_tokens_and_gpus_are_shared_by_them():
    plan = cluster_plan(ASKED, 10, read_gpus(GPUS), {}, 2.0)
    small, large = plan["models"]
    assert (small["gpu_hours"], large["gpu_hours"]) == (1.0, 11.0)
    assert (small["gpus"], large["gpus"]) == (1, 7)
    assert plan["hours"] == round(11 / 7, 1)
    assert plan["cost"] == round(8 * 11 / 7 * 2.0, 2)
    assert plan["writes"] == 210 and plan["writes_a_second"] == round(210 / (11 / 7 * 3600), 1)
    assert plan["runs"] == 1


def test_more_problems_take_more_in_proportion_and_more_runs():
    once, million = (cluster_plan(scaled(ASKED, 1, n), n, read_gpus(GPUS), {}) for n in (1, 100_000))
    assert million["bytes"] == 100_000 * once["bytes"] and million["runs"] == 2
    assert once["cost"] is None  # no price of the GPUs


def test_a_vendors_model_is_paid_by_the_token_and_needs_no_gpu():
    plan = cluster_plan(ASKED, 0, read_gpus("8xH100:7B=10"), {LARGE: Price(1.0, 10.0)}, 0.0)
    assert plan["models"][1]["gpus"] is None and plan["cost"] == 0.72
    assert cluster_plan(ASKED, 0, None, {})["hours"] is None


@pytest.mark.parametrize("text", ["", "8", "8xH100", "8xH100:7B", "8xH100:7B=fast", "0xH100:7B=1", "8xH100:7B=0"])
def test_gpus_that_cannot_be_read_are_refused(text):
    with pytest.raises(UsageError, match="--gpus"):
        read_gpus(text)


@pytest.mark.parametrize(
    ("spec", "why"), [("8xH:7B=1", "how fast b/Q-72B"), ("8xH:7B=1,Q=1", "twice"), ("1xH:7B=1,72B=1", "each needs one")]
)
def test_gpus_that_do_not_fit_the_models_are_refused(spec, why):
    with pytest.raises(UsageError, match=why):
        cluster_plan(ASKED, 0, read_gpus(spec), {})


def test_the_dry_run_plans_a_million_problems(tmp_path: Path):
    (tmp_path / "prices.yaml").write_text("H100: {hour: 2.5}\n")
    problems = Path(__file__).parents[1] / "data/real/math/train_12000.jsonl"
    command = (
        "run", "cluster", "--set", f"problems.file={problems}", "--set", "problems.split=null", "--problems", 1_000_000,
        "--gpus", "64xH100:7B=2500/30000,72B=300/3000", "--prices", tmp_path / "prices.yaml",
    )  # fmt: skip
    data = done(*command, "--dry-run", "--json").data
    assert data["problems"] == 1_000_000 and data["planned_by"] == 50
    assert sum(row["gpus"] for row in data["models"]) == 64
    assert data["cost"] == pytest.approx(64 * 2.5 * data["hours"], rel=0.01)
    assert "--shard 1/" in done(*command, "--dry-run").out
    assert "give them with --dry-run" in journey(*command).err
