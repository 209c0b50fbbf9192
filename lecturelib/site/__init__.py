"""How chapters become the website: the build, its cache, what the browser needs, and notebooks to download."""
