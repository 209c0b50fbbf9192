"""Equilibria of training: which hold, which only let weights drift, and what steps that are too long do there."""
