"""Room of the chapter `generative/autoencoders`: from principal components to the variational autoencoder."""
