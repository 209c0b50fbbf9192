"""Exact training in O(neurons + data) a step, for all chapters of the part."""
