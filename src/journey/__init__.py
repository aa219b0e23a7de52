"""journey: the open toolkit for journey learning."""

__version__ = "0.1.0"
