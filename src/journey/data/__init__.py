"""Other people's data: problems, rated trees, labelled steps; curation and contamination."""
