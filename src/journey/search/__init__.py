"""Better answers at inference time: votes, best-of-N, and searches that a step judge guides."""
