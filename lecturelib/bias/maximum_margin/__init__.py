"""Room of the chapter *Maximum margin*."""
