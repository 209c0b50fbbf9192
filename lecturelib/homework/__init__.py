"""Labs that are homework: one source a lab, from which come the page, the notebooks, and the grader."""
