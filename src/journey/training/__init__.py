"""From rows to a model: TRL's trainers behind small functions, and the pre-training of the tiny base."""
