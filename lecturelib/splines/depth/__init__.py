"""Deep networks of one input as splines: where they bend, how often, and how their breakpoints move."""
