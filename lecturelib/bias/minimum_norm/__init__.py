"""Room of the chapter `bias/minimum_norm`: where descent goes when the data leave directions free."""
