"""What problems are: asked, cut into steps, told and graded; one folder a task."""
