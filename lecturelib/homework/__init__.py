"""Labs that are homework: one source a lab, from which come the page, the notebooks, and the grader.

Rooms, each of which knows only those named before it: `lab` and `isolation`, which stand side by side and do not know
each other; `grading`, which runs labs behind walls; `reporting`, which tells of results. `commands` is above them all.
"""
