"""The settings that a run was made with: compared setting by setting, and written where a person can read them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import yaml

from journey.errors import UsageError
from journey.store.files import replacing
from journey.store.schema import dumps

UNSET = "not set"


def plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as JSON gives them back (tuples become lists), so that old and new compare alike."""
    return json.loads(dumps(config))


NAMED = 12  # changed settings that a sentence names at most


def differences(old: Mapping[str, Any], new: Mapping[str, Any], ignore: Sequence[str] = ()) -> list[str]:
    """One phrase a changed setting, "grow.width: was 4, now 6", in the order of the settings.

    An entry of `ignore` is a dotted name ("grow.workers": that setting or everything under it) or a bare one
    ("workers": wherever it stands). Settings that change no result belong there.
    """
    before, after = dict(_leaves(old)), dict(_leaves(new))
    # A prompt that only one side knows is new, or gone: whatever was asked with it is in other settings, too.
    new_prompts = {name for name in before.keys() ^ after.keys() if name.startswith("prompts.")}
    names = [name for name in before | after if name not in new_prompts and not _ignored(name, ignore)]
    return [
        f"{name}: was {_shown(before, name)}, now {_shown(after, name)}"
        for name in names
        if _shown(before, name) != _shown(after, name)
    ]


def refuse_changes(
    folder: Path, old: Mapping[str, Any], new: Mapping[str, Any], ignore: Sequence[str], why: Mapping[str, str] = {}
) -> None:
    """Raises UsageError that names the settings that the run was made with otherwise, the first of very many.

    `why` says of settings, by the dotted names that they stand below, what was made with them; the first that fits
    counts.
    """
    if changed := differences(old, new, ignore):
        reasons = [next((f", but {why[name]}" for name in why if one.startswith(name)), "") for one in changed]
        changed = [*map(str.__add__, changed, reasons)]
        more = len(changed) - NAMED
        named = [*changed[:NAMED], f"and {more} more"] if more > 1 else changed
        raise UsageError(
            f"The run {folder} was made with other settings ({'; '.join(named)}): "
            "give the old ones again, write to another --out, or start this one over with --fresh."
        )


def write_yaml(folder: Path, config: Mapping[str, Any]) -> None:
    """Writes config.yaml whole or not at all. The database holds the truth; this copy is for people."""
    path = folder / "config.yaml"
    text = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)
    if path.exists() and path.read_text(encoding="utf-8", errors="replace") == text:
        return
    with replacing(path) as file:
        file.write(text.encode())


def _leaves(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            yield from _leaves(cast("Mapping[str, Any]", inner), f"{above}{key}.")
        else:
            yield f"{above}{key}", inner


def _shown(leaves: Mapping[str, Any], name: str) -> str:
    return json.dumps(leaves[name], ensure_ascii=False, sort_keys=True) if name in leaves else UNSET


def _ignored(name: str, ignore: Sequence[str]) -> bool:
    return any(name == entry or name.startswith(entry + ".") or entry in name.split(".") for entry in ignore)
