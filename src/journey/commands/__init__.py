"""What each command of `journey` does."""
