"""Models that are linear in what is learned, networks that are not, and gradient descent on both."""
