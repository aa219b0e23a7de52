"""What the transparency of a run is read from: the run, its release, and a paper; each may be missing."""

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from journey.errors import UsageError
from journey.pipeline.kept_recipe import readable_recipe
from journey.pipeline.recipe import UNCOMPARED
from journey.pipeline.recipe_reading import plain_recipe, recipe_of
from journey.report.portable import portable
from journey.report.release import COMMANDS, MANIFEST, RECIPE, SUMS, files_of, made_with
from journey.store.run import Run
from journey.store.settings import differences


@dataclass(frozen=True, slots=True)
class Answer:
    """Yes or no, why in a sentence, and where it stands: files, with a heading behind # where it is a section."""

    yes: bool
    why: str
    evidence: tuple[str, ...] = ()


class Release:
    """A release's folder as it stands on the disk. Raises UsageError where it is none."""

    def __init__(self, folder: Path) -> None:
        try:
            self.manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
        except (OSError, ValueError):
            raise UsageError(
                f"{folder} is no release: {MANIFEST} is missing or damaged; make one with journey release"
            ) from None
        self.folder = folder
        self.data_card = self._read("data/README.md")
        self.commands = self._read(COMMANDS)

    def model_card(self, arm: str) -> str:
        """The card of a released model, "" where it has none."""
        return self._read(f"models/{arm}/README.md")

    @cached_property
    def damage(self) -> str | None:
        """The first file that is not as its checksum says, or has none; null where all are whole."""
        lines = [line.partition("  ") for line in self._read(SUMS).splitlines()]
        kept = {name: digest for digest, _, name in lines}
        there = {file.relative_to(self.folder).as_posix(): file for file in files_of(self.folder)}
        for name in sorted(kept.keys() | there.keys()):
            if name not in there or name not in kept:
                return f"{name} is {'missing' if name not in there else f'not in {SUMS}'}"
            if hashlib.sha256(there[name].read_bytes()).hexdigest() != kept[name]:
                return f"{name} is not as its checksum says"
        return None

    def of_another(self, run: Run) -> str | None:
        """Why the release is not of this run, null where it is."""
        if changed := differences(self.manifest.get("settings", {}), made_with(run), UNCOMPARED):
            return f"it is of a run with other settings ({changed[0]})"
        if recipe := self.recipe:
            if changed := differences({"recipe": recipe}, {"recipe": resolved(run)}, UNCOMPARED):
                return f"it is of a run with another recipe ({changed[0]})"
        elif resolved(run):
            return "it has no recipe and the run has one"
        held = {split: run.count("problems", split=split) for split in self.manifest["data"].get("problems", {})}
        if held != self.manifest["data"].get("problems", {}):
            return "it has other problems"
        return None

    @cached_property
    def recipe(self) -> dict[str, Any]:
        """The recipe in it with every default in its place; empty where there is none, or one not read today."""
        text = self._read(RECIPE)
        with suppress(UsageError, yaml.YAMLError):
            return plain_recipe(recipe_of(yaml.safe_load(text), RECIPE)) if text else {}
        return {}

    def place(self, name: str) -> str:
        """Where a file of it stands."""
        file, mark, heading = name.partition("#")
        return (self.folder / file).as_posix() + mark + heading

    def _read(self, name: str) -> str:
        file = self.folder / name
        return file.read_text("utf-8", errors="replace") if file.is_file() else ""


class Paper:
    """A technical report in Markdown: its text by the headings of its sections. Raises UsageError where it is none."""

    def __init__(self, file: Path) -> None:
        try:
            self.text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file} cannot be read ({error}); give a technical report in Markdown") from None
        self.file = file
        pieces = re.split(r"(?m)^## +(.+?) *$", self.text)
        self.sections = dict(zip(pieces[1::2], pieces[2::2], strict=True))

    def section(self, word: str) -> str:
        """The text below the first heading that holds a word, "" where there is none."""
        return next((body for name, body in self.sections.items() if word in name.lower()), "")

    def place(self, word: str) -> str:
        """Where that section stands, as Markdown links to it."""
        name = next((name for name in self.sections if word in name.lower()), "")
        anchor = re.sub(r"[^\w\- ]", "", name.lower()).replace(" ", "-")
        return self.file.as_posix() + (f"#{anchor}" if anchor else "")

    def lacks(self, word: str, wanted: Mapping[str, str]) -> list[str]:
        """What of `wanted` (in words, by what is looked for) the section does not name."""
        body = self.section(word).lower()
        return [what for sought, what in wanted.items() if sought.lower() not in body]


@dataclass(frozen=True)
class Record:
    """A run with its release and its paper, null where there is none; `no_release` says why there is none."""

    run: Run
    release: Release | None = None
    paper: Paper | None = None
    no_release: str = "there is no release; make one with journey release RUN --to FOLDER"
    no_paper: str = "there is no technical paper; name one with --paper FILE"
    cache: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def release_place(self) -> str | None:
        """Where the release stands."""
        return None if self.release is None else self.release.folder.as_posix()

    @property
    def paper_place(self) -> str | None:
        """Where the paper stands."""
        return None if self.paper is None else self.paper.file.as_posix()

    def once(self, name: str, make: Any) -> Any:
        """What several questions look at, read once."""
        if name not in self.cache:
            self.cache[name] = make()
        return self.cache[name]


def record_of(run: Run, release: Path | None, paper: Path | None) -> Record:
    """The record of a run. A release that is damaged or another run's counts as none, and the answers say why."""
    found = None if release is None else Release(release)
    why = Record.no_release
    if found is not None and (other := found.of_another(run)) is not None:
        found, why = None, f"{release} does not belong to this run: {other}"
    if found is not None and found.damage is not None:
        found, why = None, f"{release} is damaged: {found.damage}"
    return Record(run, found, None if paper is None else Paper(paper), why)


def resolved(run: Run) -> dict[str, Any]:
    """The run's recipe with every default in its place, as a release has it; empty where it keeps none."""
    recipe = readable_recipe(run)
    return {} if recipe is None else portable(plain_recipe(recipe))
