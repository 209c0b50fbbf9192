"""What the chapters of the part on kernels state, with its checks and derivations."""
