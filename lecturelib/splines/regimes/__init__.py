"""Training at large and small scale of the start, and the interpolants it ends in."""
