"""Programs of list functions: from a list of numbers to another one in a few steps, each a function with its result."""
