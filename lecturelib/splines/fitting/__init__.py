"""Best fits of k pieces, and how close training comes to them."""
