"""Puzzles with exact checkers: search tasks whose every step can be judged without a model."""
