"""Keeps the libraries' own bars, notes and warnings off the user's screen while we train."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import datasets
from transformers.utils import logging as transformers_logging

LIBRARIES = r"(torch|transformers|accelerate|peft|trl)\b"


@contextmanager
def silenced() -> Iterator[None]:
    """Silences transformers, datasets and TRL inside the block and puts everything back after it."""
    verbosity = transformers_logging.get_verbosity()
    model_bars = transformers_logging.is_progress_bar_enabled()
    dataset_bars = not datasets.are_progress_bars_disabled()
    tqdm_disable = os.environ.get("TQDM_DISABLE")
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    datasets.disable_progress_bars()
    os.environ["TQDM_DISABLE"] = "1"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.filterwarnings("ignore", category=UserWarning, module=LIBRARIES)
            yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if model_bars:
            transformers_logging.enable_progress_bar()
        if dataset_bars:
            datasets.enable_progress_bars()
        if tqdm_disable is None:
            del os.environ["TQDM_DISABLE"]
        else:
            os.environ["TQDM_DISABLE"] = tqdm_disable
