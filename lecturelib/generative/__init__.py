"""Part V: generative models."""

from lecturelib.core.later import later

# A line takes as many names as it holds.
# fmt: off
# isort: off
from lecturelib.generative.autoencoders.bounds import FamilyGaps, elbo, gaussian_gaps, gaussian_kl
from lecturelib.generative.autoencoders.classifiers import (LinearClassifier, gaussian_error, logistic_regression,
    naive_bayes)
from lecturelib.generative.autoencoders.estimators import (EstimatorVariances, quadratic_variances,
    reparametrized_gradients, score_gradients)
from lecturelib.generative.autoencoders.linear import Components, LinearVAE, fit_linear_vae, principal_components
from lecturelib.generative.autoencoders.networks import Autoencoder, VAE, train_autoencoder, train_vae
from lecturelib.generative.adversarial.divergence import jensen_shannon, optimal_discriminator
from lecturelib.generative.adversarial.mixtures import Covered, GaussianGrid, GaussianMixture, covered_modes
from lecturelib.generative.adversarial.training import GanRun, train_gan
from lecturelib.generative.mode_collapse.bridges import least_between, most_beyond
from lecturelib.generative.mode_collapse.games import Blocks, Game, is_local_minimax, small_game, spectrum
from lecturelib.generative.flows.continuous import (ContinuousFlow, LikelihoodGradient, Pushed, likelihood_gradient,
    random_continuous_flow)
from lecturelib.generative.flows.densities import log_density, push, sample
from lecturelib.generative.flows.planar import PlanarFlow, random_planar_flow
from lecturelib.generative.flows.residual import residual_network_as_euler
# isort: on

__all__ = [
    "VAE", "Autoencoder", "Blocks", "Components", "ContinuousFlow", "Covered", "EstimatorVariances", "FamilyGaps",
    "Game", "GanRun", "GaussianGrid", "GaussianMixture", "LikelihoodGradient", "LinearClassifier", "LinearVAE",
    "PlanarFlow", "Pushed", "covered_modes", "elbo", "fit_linear_vae", "gaussian_error", "gaussian_gaps",
    "gaussian_kl", "is_local_minimax", "jensen_shannon", "least_between", "likelihood_gradient", "log_density",
    "logistic_regression", "most_beyond", "naive_bayes", "optimal_discriminator", "principal_components", "push",
    "quadratic_variances", "random_continuous_flow", "random_planar_flow", "reparametrized_gradients",
    "residual_network_as_euler", "sample", "score_gradients", "small_game", "spectrum", "train_autoencoder",
    "train_gan", "train_vae",
]
# fmt: on

__getattr__ = later(
    __name__,
    {
        "GameExplorer": "adversarial.explorer",
        "PlaneWalkExplorer": "autoencoders.explorer",
        "PushExplorer": "flows.explorer",
        "SmallGamesExplorer": "mode_collapse.explorer",
    },
)
