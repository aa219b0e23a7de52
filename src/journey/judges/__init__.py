"""Who says whether a step is right: one protocol (`base`), one file a kind of judge."""
