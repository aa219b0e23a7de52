"""Problems in words: mathematics, answers in words, and answers that a model grades."""
