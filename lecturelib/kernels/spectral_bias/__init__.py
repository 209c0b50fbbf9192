"""What a wide network has learned at every time, mode by mode."""
