"""Room of the chapter `generative/flows`: maps that carry a Gaussian to data, in layers and in continuous time."""
