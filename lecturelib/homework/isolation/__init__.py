"""The walls behind which code of students runs, and the processes there: what runs it, and what tests it."""
