"""journey doctor: what this machine has for the work."""

import os
import platform
import shutil
import sqlite3
import sys
from pathlib import Path
from typing import Any

from journey import __version__
from journey.commands import flags
from journey.commands.output import say, sheet
from journey.models import weights
from journey.pipeline import recipe
from journey.pipeline.kept_recipe import version_of
from journey.tasks.code.sandbox import BWRAP, PACKAGE

EXTRAS = {
    "core": ("pydantic", "typer", "rich", "math-verify", "pebble", "aiohttp", "scipy", "jinja2"),
    "pictures": ("pillow",),
    "local": ("torch", "transformers", "safetensors"),
    "train": ("trl", "peft", "accelerate", "datasets"),
    "studio": ("streamlit",),
    "ray": ("ray",),
    "vllm": ("vllm",),
}
NAMES = (recipe.VARIABLE, "OPENAI_", "HF_", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS")


def doctor(json: flags.Json = False) -> int:
    """Say what this machine has.

    Versions, cores, precision, disk, the tiny model.
    """
    # Names of settings only, never their values: keys are among them.
    tiny = Path(weights.model_path(weights.TINY)) / "model.safetensors"
    found: dict[str, Any] = {
        "journey": __version__,
        "python": sys.version.split()[0],
        "system": platform.platform(terse=True),
        "sqlite": sqlite3.sqlite_version,
        "cores": os.cpu_count(),
    }
    for extra, packages in EXTRAS.items():
        found |= {f"{name} [{extra}]": version_of(name) for name in packages}
    found |= weights.hardware()
    found["bwrap (runs code that models write)"] = shutil.which(BWRAP) or f"not installed; the package {PACKAGE}"
    found["tiny model"] = f"{tiny.stat().st_size / 1e6:.1f} MB" if tiny.is_file() else "missing"
    found["free disk here"] = f"{shutil.disk_usage('.').free / 1e9:.0f} GB"
    found["settings in the environment"] = ", ".join(sorted(n for n in os.environ if n.startswith(NAMES))) or "none"
    say(json, found, sheet("doctor", found.items()))
    return 0
