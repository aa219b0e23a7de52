"""Tasks: how problems are asked, cut into steps, narrated, judged and graded; one folder a task."""
