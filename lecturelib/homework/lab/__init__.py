"""What a lab is: its source and rules, the versions made of it, and what it has to stand before students get it."""
