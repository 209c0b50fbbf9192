"""Room of the chapter `splines/dimensions`: shallow networks of several inputs, and the planes where they bend."""
