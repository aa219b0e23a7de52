"""Models by the names that people give them: those that a run has trained, and others with weights."""

from difflib import get_close_matches
from pathlib import Path

from journey.errors import UsageError
from journey.models import weights
from journey.store.entries import Training
from journey.store.run import Run

SHOWN = 8  # names in a sentence


def weights_of(of: Run, name: str) -> str | None:
    """The folder (or hub id) of the model of that name: of the run, a folder, or one with weights; null for others."""
    for folder in (of.path / "models" / name, Path(name)):
        if (folder / "config.json").is_file():
            return str(folder)
    return weights.model_path(name) if weights.has_weights(name) else None


def trained_or_named(of: Run, name: str) -> str:
    """The same, and the model of an arm that the run has once. Raises UsageError where the name means none."""
    of_arm = [trained.model for trained in of.entries(Training, arm=name)]
    found = weights_of(of, name)
    if found is None and len(of_arm) > 1:
        raise UsageError(f"{of.path} has several models of the arm {name}: name one of {', '.join(of_arm)}")
    if found is None and of_arm:
        return str(of.path / "models" / of_arm[0])
    if found is None:
        try:
            weights.model_path(name)
        except UsageError as error:
            raise UsageError(f"{error}{trained_words(of, name)}") from None
    weights.check_weights(name)
    return found or weights.model_path(name)


def trained_words(of: Run, name: str) -> str:
    """Half a sentence with the models that the run has trained, those called most like `name` first; "" for none."""
    trained = sorted({one.model for one in of.entries(Training)})
    near = get_close_matches(name, trained, SHOWN) or [one for one in trained if name in one]
    shown = [*near, *(one for one in trained if one not in near)][:SHOWN]
    more = f" and {len(trained) - len(shown)} more" if len(trained) > len(shown) else ""
    return f"; {of.path} has trained {', '.join(shown)}{more}" if shown else ""
