"""Imported by the server that checking processes are forked from, so that a new one is ready in milliseconds."""

from journey import answer_worker

answer_worker.warm()
