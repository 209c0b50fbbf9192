"""Submissions, from the folder that a learning system exports to results and points in the gradebook."""
