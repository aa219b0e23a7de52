"""Statistics: accuracies and their intervals, paired comparisons, votes, curves, FLOPs."""
