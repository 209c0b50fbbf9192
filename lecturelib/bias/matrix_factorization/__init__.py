"""Matrix factorization: which of all matrices that fit the observed entries gradient flow on a product finds."""
