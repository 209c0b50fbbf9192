"""Groups, their actions, the linear maps that commute with them, and layers made of these."""
