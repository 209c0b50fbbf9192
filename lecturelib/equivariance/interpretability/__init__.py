"""Room of the chapter `equivariance/interpretability`: where a network looks, what it needs, equations from data."""
