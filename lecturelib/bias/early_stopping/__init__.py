"""Room of the chapter `bias/early_stopping`: what stopping early is, and how far from ridge."""
