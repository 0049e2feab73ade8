"""A realistic demo for the stage's tests and benchmark: five rules, 150 steps each, raced over a ravine."""

import numpy as np

from course.figure import BLUE, GREEN, GREY, INK, ORANGE, PURPLE
from course.stage import (
    Stage,
    button,
    choice,
    choices,
    field,
    handle,
    int_slider,
    line,
    log_slider,
    number,
    panel,
    play,
    point,
    reader_rule,
    slider,
    surface,
    table,
    text,
    toggle,
)

STEPS = 150
LIMITS = (-3.0, 3.0)
GRID = np.linspace(*LIMITS, 121)


def value(theta, kappa):
    return 0.5 * (theta[0] ** 2 + kappa * theta[1] ** 2)


def grad(theta, kappa):
    return np.array([theta[0], kappa * theta[1]])


def gradient_descent(theta, g, state, lr, mu):
    return theta - lr * g, state


def momentum(theta, g, state, lr, mu):
    p = mu * (0 if state is None else state) - lr * g
    return theta + p, p


def adagrad(theta, g, state, lr, mu):
    s = g**2 + (0 if state is None else state)
    return theta - lr * g / (np.sqrt(s) + 1e-8), s


def rmsprop(theta, g, state, lr, mu):
    s = g**2 if state is None else 0.9 * state + 0.1 * g**2
    return theta - 0.3 * lr * g / (np.sqrt(s) + 1e-8), s


def signs(theta, g, state, lr, mu):
    return theta - 0.1 * lr * np.sign(g), state


RULES = {
    "descent": (gradient_descent, BLUE, "o"),
    "momentum": (momentum, ORANGE, "X"),
    "adagrad": (adagrad, GREEN, "*"),
    "rmsprop": (rmsprop, PURPLE, "s"),
    "signs": (signs, GREY, "v"),
}


def path(rule, start, kappa, lr, mu):
    theta, state, found = np.array(start, dtype=float), None, []
    for _ in range(STEPS + 1):
        found.append(theta)
        theta, state = rule(theta, grad(theta, kappa), state, lr, mu)
    return np.array(found)


def racer(mine=None, **settings):
    """The stage of the race; mine: a reader's rule (theta, g, state, lr, mu) -> theta, state."""
    rules = dict(RULES)
    if mine is not None:
        rules["mine"] = reader_rule(mine, returns={"theta": 0, "state": None}), INK, "."

    def scene(view, rules_shown, kappa, lr, mu, start, time):
        Z = value(np.meshgrid(GRID, GRID), kappa)
        with np.errstate(all="ignore"):
            paths = {name: path(rules[name][0], start, kappa, lr, mu) for name in rules_shown}
            costs = {name: value(found.T, kappa) for name, found in paths.items()}
        space = {"x": LIMITS, "y": LIMITS, "log": True}
        seen = slice(0, time + 1)
        steps = np.arange(STEPS + 1)[seen]
        on_map = [
            line(found[seen, 0], found[seen, 1], *([costs[name][seen]] if view == "surface" else []),
                 color=rules[name][1], marker=rules[name][2], dash="-", width=2.0)
            for name, found in paths.items()
        ]  # fmt: skip
        ground = field(Z, bands=True, opacity=0.85, **space) if view == "map" else surface(Z, z="log cost", **space)
        names = {"x": "$\\theta_1$", "y": "$\\theta_2$"}
        panels = [
            panel(ground, *on_map, *([handle("start", start)] if view == "map" else []), **names, equal=True,
                  title="Downhill", xlim=LIMITS, ylim=LIMITS),
            panel(*[line(steps, costs[name][seen], label=name, color=rules[name][1], marker=rules[name][2],
                        dash="-" if name == "momentum" else None) for name in paths],
                  x="step", y="cost $J$", ylog=True, title="Cost", xlim=(0, STEPS), ylim=(1e-6, 1e3)),
            table(["rule", "cost", "distance"],
                  [[name, float(costs[name][time]), float(np.hypot(*paths[name][time]))] for name in paths],
                  title=f"After {time} steps", colors=[rules[name][1] for name in paths]),
        ]  # fmt: skip
        best = min(paths, key=lambda name: np.nan_to_num(costs[name][time], nan=np.inf), default=None)
        note = (
            f"After {time} steps {best} is lowest, at $J$ = {costs[best][time]:.3g}." if best else "No rule is chosen."
        )
        return panels, note

    return Stage(
        scene,
        view=choice(["map", "surface"]),
        rules_shown=choices(list(rules), label="rules"),
        kappa=log_slider(1, 1000, value=50, label="condition number $\\kappa$"),
        lr=log_slider(1e-4, 10, value=0.03, label="learning rate $\\alpha$"),
        mu=slider(0, 0.99, value=0.9, label="momentum $\\mu$"),
        start=point(-2.5, 1.0, xlim=LIMITS, ylim=LIMITS),
        time=play(STEPS),
        best=button("best rate", sets=lambda settings: {"lr": 2 / (1 + settings["kappa"])}),
        presets={"good": {"lr": 0.03, "mu": 0.9}, "too fast": {"lr": 0.05, "mu": 0.5}, "why?": {"kappa": 1, "lr": 1}},
        name="racer",
        arguments={"mine": mine},
        settings=settings,
    )


def many_controls():
    """One of each control, and layers that the race lacks."""

    def scene(share, count, mode, shown, grid, sample, level, spot, caption, time):
        noise = np.random.default_rng(sample).normal(size=(6, 6))
        bars = np.arange(count)
        return [
            panel(field(noise, x=(0, 6), y=(6, 0), cells=True, colors="RdBu_r", values=".1f"), axes=False, title=caption),
            panel(*([line(bars, share**bars, color=BLUE, marker="o", every=1, label="decay")] if "line" in shown else []),
                  handle((None, "share"), (1, share), label="share"), key=True, xlim=(0, 20), ylim=(0, 1), x=f"{mode} [s]"),
        ], f"{count} values with a share of {share:.2f}."  # fmt: skip

    return Stage(
        scene,
        share=slider(0, 1, value=0.8, unit="of all"),
        count=int_slider(1, 20, value=12),
        mode=choice(["one", "two", "three", "four", "five"]),
        shown=choices(["line", "points"]),
        grid=toggle(True),
        sample=button("new sample"),
        level=number(0.5, 0, 1, label="level", when={"grid": True}),
        spot=point(0, 0),
        caption=text("Cells", suggestions=["Cells", "Noise"]),
        time=play("count"),
        name="many_controls",
    )
