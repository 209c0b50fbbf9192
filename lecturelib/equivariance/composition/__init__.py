"""Room of the chapter `equivariance/composition`: what a hierarchy saves, and what depth and features are good for."""
