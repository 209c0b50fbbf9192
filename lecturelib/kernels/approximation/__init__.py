"""How well networks approximate: hinges on a line, Barron functions, fixed bases."""
