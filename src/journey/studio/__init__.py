"""The studio: the page in the browser where trees, thoughts and answers are looked at."""
