"""What the chapters on splines state: claims with their falsifiers, and derivations; one module a chapter."""
