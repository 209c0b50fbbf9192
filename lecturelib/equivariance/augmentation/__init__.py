"""Symmetry that is taught by data."""
