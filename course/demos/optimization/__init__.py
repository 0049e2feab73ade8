"""Lecture 07: paths on landscapes, dynamics by eigenvalues, a ball with friction, noise, signals, the edge of stability.

Rules that are exercises are drawn by torch.optim or by the answers that were given; there are no solutions here.
"""

from course.demos.optimization.ball import ball_with_friction
from course.demos.optimization.edge import edge_of_stability
from course.demos.optimization.eigen import eigen_dynamics
from course.demos.optimization.noise import noise_and_batch_size
from course.demos.optimization.problems import score_card
from course.demos.optimization.racer import landscape_racer
from course.demos.optimization.signals import signal_sizes
from course.demos.optimization.stand_ins import GRIDS, STAND_INS

LECTURE = 7
DEMOS = (
    "landscape_racer",
    "eigen_dynamics",
    "ball_with_friction",
    "noise_and_batch_size",
    "signal_sizes",
    "edge_of_stability",
    "score_card",
)  # in the gallery's order

__all__ = [
    "DEMOS",
    "GRIDS",
    "STAND_INS",
    "ball_with_friction",
    "edge_of_stability",
    "eigen_dynamics",
    "landscape_racer",
    "noise_and_batch_size",
    "score_card",
    "signal_sizes",
]
