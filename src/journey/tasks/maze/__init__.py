"""Mazes: a way from one place to another, step by step, with no place visited twice."""
