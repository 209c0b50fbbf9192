"""The loss as a function of breakpoints and weights: slices, critical points, and how flat it is around them."""
