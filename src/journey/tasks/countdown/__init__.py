"""Countdown: make a target from numbers; puzzles, exact judge, strict checker, narration."""
