"""Random starts as functions: where they bend, how rough they are, and what that does to training."""
