"""Room of the chapter `generative/mode_collapse`: games of two players near their stationary points, and bridges."""
