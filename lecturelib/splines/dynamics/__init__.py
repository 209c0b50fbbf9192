"""How breakpoints move in training, what attracts them, and how they gather."""
