"""Who speaks: one protocol (`base`), one file a backend."""
