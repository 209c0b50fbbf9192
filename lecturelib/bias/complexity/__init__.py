"""The room of the chapter `bias/complexity`: how much freedom a model has, and what takes it away."""
