"""Room of the chapter `equivariance/convolution`: what convolution is, and where networks lose it."""
