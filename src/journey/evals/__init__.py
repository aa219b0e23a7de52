"""How good is a model: attempts at problems (`run`), what they add up to (`metrics`), how they read (`words`)."""
