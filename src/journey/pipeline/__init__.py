"""An experiment as data: the recipe, the names it may use, its stages, and how they run."""
