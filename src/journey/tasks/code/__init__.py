"""Code: programs that a model wrote, run against tests in a locked-down process."""
