"""What every part stands on: claims, derivations, figures, experiments, devices, display and checks of arguments."""
