"""Keys that recipes had before, each with what is written now: an old recipe is refused with one sentence."""

from collections.abc import Mapping

from journey.errors import UsageError

MOVED: Mapping[str, str] = {
    "goal": "leave it out: arms say what is trained, thoughts.methods what is made, and axes make a sweep",
    "telling": "write thoughts",
    "methods": "write thoughts.methods",
    "preferences": "write arms.dpo",
    "matched_tokens": "name shortcut_tokens among the arms, or leave it out",
    "phase1": "write arms.phase1",
    "phases": "name rewrite and distill among the arms, each with its settings",
    "settings": "write what a sweep changes in its base beside base, at the top",
    "seed": "write first_seed",
    "problems.limit": "write problems.train",
    "thoughts.voice": "leave it out",
}
"""Old dotted key -> the mend."""


def refuse_moved(key: str, who: str) -> None:
    """Raises UsageError for a dotted key that is written otherwise now; `who` says where it stands."""
    parts = key.split(".")
    for end in range(1, len(parts) + 1):
        old = ".".join(parts[:end])
        if old in MOVED:
            raise UsageError(f"{who}: there is no setting {old} any more; {MOVED[old]} (see journey recipe)")
