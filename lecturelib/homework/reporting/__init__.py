"""What comes out: tables for learning systems, pages for students and for the instructor."""
