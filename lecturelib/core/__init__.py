"""What every part stands on: claims, derivations, figures, experiments, devices and checks of arguments."""
