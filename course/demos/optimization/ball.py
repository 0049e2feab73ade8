"""A ball with friction: momentum's iterates are snapshots of its motion."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from course.figure import BLUE, GREEN, GREY, INK, ORANGE
from course.stage import Stage, choice, line, log_slider, panel, play, points, reader_rule, slider, texts, toggle

DURATION = 20.0
FRAMES = 200
FAR = 1e3

WELLS: dict[str, tuple[Callable, Callable, tuple[float, float]]] = {
    "bowl": (lambda x: x**2 / 2, lambda x: x, (-2.2, 2.2)),
    "two_wells": (lambda x: x**4 / 4 - x**2 / 2 + 0.1 * x, lambda x: x**3 - x + 0.1, (-1.9, 1.9)),
    "plane": (lambda x: -x, lambda x: -np.ones_like(x), (-2.0, 42.0)),
}
"""Height, slope and what is shown: a bowl of curvature 1, two wells, and a plane that falls by 1."""


def ball_with_friction(momentum_ode: Callable[..., Any], **settings: Any) -> Stage:
    """Dots: the steps of momentum. Line: the motion that they follow.

    momentum_ode(theta0, v0, grad_fn, rho, dt, steps): the reader's; it takes the steps
    """
    shape = {"positions": lambda theta0, v0, grad_fn, rho, dt, steps: (steps + 1, len(theta0))}
    integrate = reader_rule(momentum_ode, shape)

    @lru_cache(maxsize=32)
    def dots(rho: float, dt: float, start: float, well: str) -> np.ndarray:
        steps = int(DURATION / dt)
        slope = WELLS[well][1]
        # far away the slope no longer grows, so that a ball that is lost doesn't overflow
        positions = integrate(
            np.array([start]), np.zeros(1), lambda theta: slope(np.clip(theta, -FAR, FAR)), rho, dt, steps
        )[:, 0]
        lost = np.flatnonzero(~(np.abs(positions) < FAR))
        return positions[: lost[0]] if len(lost) else positions

    def scene(rho: float, dt: float, start: float, well: str, names: bool, time: int) -> tuple[list, str]:
        height, _, (low, high) = WELLS[well]
        t, theta, v = motion(rho, start, well)
        positions = dots(rho, dt, start, well)
        now = DURATION * time / FRAMES
        k = min(int(now / dt + 1e-9), len(positions) - 1)
        speeds = np.diff(positions[: k + 1], prepend=start) / dt  # of the step that led here
        seen = slice(0, np.searchsorted(t, now + 1e-9))
        energy = speeds**2 / 2 + height(positions[: k + 1])
        few = slice(None, None, max(1, k // 400))  # dots that would lie on each other are left out
        x = np.linspace(low, high, 121)
        spread = max(height(x).max() - height(x).min(), 1e-9)
        here = np.clip(positions[k], low, high)
        curve = panel(
            line(x, height(x), color=INK),
            line(theta[seen], height(theta[seen]) + 0.04 * spread, color=GREEN, width=1.5),
            points([here], [height(here) + 0.05 * spread], color=BLUE, size=15),
            x="position $\\theta$",
            y="height J",
            xlim=(low, high),
            title=f"at t = {now:.1f}" + (f":  μ = {1 - rho * dt:.3g},  α = {dt**2:.3g}" if names else ""),
        )
        fastest = 1.15 * max(np.abs(v).max(), 0.2)
        portrait = panel(
            line(theta, v, color=GREY, width=1, dash="-"),
            line(theta[seen], v[seen], color=GREEN, dash="-"),
            points(positions[: k + 1][few], speeds[few], color=BLUE, size=4.5),
            *([line([low, high], [1 / rho, 1 / rho], color=ORANGE, width=1.2)] if well == "plane" and rho else []),
            *(
                [texts([low + 0.25 * (high - low)], [1.07 / rho], "terminal speed g/ρ", color=ORANGE)]
                if well == "plane" and rho and 1.07 / rho < fastest
                else []
            ),
            x="position $\\theta$",
            y="velocity v",
            xlim=(low, high),
            ylim=(-fastest, fastest) if well != "plane" else (0, fastest),
            title="phase portrait",
        )
        exact = v**2 / 2 + height(theta)
        top, bottom = exact[0], height(x).min() if well != "plane" else exact.min()
        room = max(top - bottom, 0.1)
        losses = panel(
            line(t, exact, color=GREEN, label="exact"),
            points((dt * np.arange(k + 1))[few], energy[few], color=BLUE, size=4),
            x="time t",
            y="energy v²/2 + J",
            xlim=(0, DURATION),
            ylim=(bottom - 0.1 * room, top + 0.6 * room),
            title="energy",
        )
        return [curve, portrait, losses], _note(rho, dt, well, positions, v, energy, len(positions) <= DURATION / dt)

    return Stage(
        scene,
        rho=slider(0, 5, 0.5, 0.05, label="friction ρ"),
        dt=log_slider(0.01, 1, 0.2, label="time step dt"),
        start=slider(-1.8, 1.8, 1.6, 0.05, label="start"),
        well=choice(list(WELLS), "bowl", label="well"),
        names=toggle(False, label="show μ and α"),
        time=play(FRAMES, label="time", speed=40),
        presets={
            "under-damped": {"rho": 0.3, "dt": 0.2, "start": 1.6, "well": "bowl"},
            "critical: ρ = 2√λ": {"rho": 2.0, "dt": 0.1, "start": 1.6, "well": "bowl"},
            "over-damped": {"rho": 5.0, "dt": 0.1, "start": 1.6, "well": "bowl"},
            "no friction": {"rho": 0.0, "dt": 0.2, "start": 1.6, "well": "bowl"},
            "why does it gain energy?": {"rho": 5.0, "dt": 0.42, "start": 0.4, "well": "bowl"},
            "over the hump": {"rho": 0.15, "dt": 0.1, "start": 1.6, "well": "two_wells"},
            "terminal velocity": {"rho": 0.5, "dt": 0.2, "start": 0.0, "well": "plane"},
        },
        settings=settings,
        arguments={"momentum_ode": momentum_ode},
        name="demos.ball_with_friction",
    )


@lru_cache(maxsize=64)
def motion(rho: float, start: float, well: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, positions and velocities of the ball itself, by a Runge-Kutta method of high order."""
    slope = WELLS[well][1]
    t = np.linspace(0, DURATION, 401)
    solved = solve_ivp(
        lambda _, state: (state[1], -rho * state[1] - slope(state[0])),
        (0, DURATION),
        (start, 0.0),
        method="DOP853",
        t_eval=t,
        rtol=1e-9,
        atol=1e-11,
    )
    return t, *solved.y


def _note(
    rho: float, dt: float, well: str, positions: np.ndarray, v: np.ndarray, energy: np.ndarray, lost: bool
) -> str:
    said = f"Friction {rho:g} and time step {dt:.2g} are momentum with μ = {1 - rho * dt:.3g} and α = {dt**2:.3g}. "
    if lost:
        return said + f"The time step is too long: the ball gains energy and is gone after {len(positions)} steps."
    if energy[-1] > energy[0] + 0.05:
        return said + "The discrete ball has more energy than it began with: the time step is too long."
    if well == "plane":
        end = f"tends to g/ρ = {1 / rho:.3g}" if rho else "grows without end"
        return said + f"After {DURATION:g} time units its speed is {v[-1]:.3g}; it {end}."
    if well == "two_wells":
        side = "left, the deeper one" if positions[-1] < 0 else "right, the shallower one"
        return said + f"It is now in the well on the {side}."
    if not rho:
        return said + "Without friction it never settles."
    kind = "swings" if rho < 2 else "comes back as fast as it can without swinging" if rho == 2 else "creeps back"
    return said + f"The ball {kind}: critical friction is 2√λ = 2 here."
