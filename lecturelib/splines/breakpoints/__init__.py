"""Networks as splines: breakpoints, delta-slopes and pieces, and what becomes of them at infinite width."""
