"""Imported by the server that checking processes are forked from, so that a new one is ready in milliseconds."""

from journey.answers import worker

worker.warm()
