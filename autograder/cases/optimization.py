"""Lecture 07, optimization: inputs and catalogued mistakes. Inputs are rounded, so that a reader can follow them by hand."""

from collections.abc import Iterator

import numpy as np

from autograder.exercise import Exercise
from autograder.reference import optimization as reference
from course import given, probes, signs, views
from course.case import Case


def _numbers(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Rounded to two digits; none is zero by chance."""
    return (rng.choice([-1, 1], shape) * rng.uniform(0.2, 2.5, shape)).round(2)


def _rate(rng: np.random.Generator, low: float = 0.05, high: float = 0.3) -> float:
    return round(float(rng.uniform(low, high)), 2)


# ------------------------------------------------------------------------------------------ momentum


def pushes(rng: np.random.Generator) -> Iterator[Case]:
    def arrays(*shape: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return _numbers(rng, *shape), _numbers(rng, *shape), _numbers(rng, *shape)

    yield Case("a vector", *arrays(int(rng.integers(3, 6))), _rate(rng), 0.9)
    yield Case("a matrix", *arrays(2, 3), _rate(rng), 0.5)
    yield Case("no momentum", *arrays(4), _rate(rng), 0.0)
    yield Case("no friction", *arrays(3), _rate(rng), 1.0)
    yield Case("float32", *(a.astype(np.float32) for a in arrays(4)), _rate(rng), 0.8)
    integers = (rng.integers(1, 9, 3) * rng.choice([-1, 1], 3) for _ in range(3))
    yield Case("integers", *integers, _rate(rng), 0.7, edge=True)
    yield Case("arrays of no dimensions", *arrays(), _rate(rng), 0.9, edge=True)


momentum_step = Exercise(reference.momentum_step, points=1, cases=pushes, outputs=("theta", "p"))


@momentum_step.mistake
def old_velocity_used(theta, p, grad, alpha, mu):
    """With p = 0 your theta does not move at all in the first step. Which of the two velocities moves it, old or new?"""
    return theta + p, mu * p - alpha * grad


@momentum_step.mistake
def averaged_gradient_form(theta, p, grad, alpha, mu):
    """That is the averaging convention; your steps are smaller by the factor 1 - mu. Here the whole gradient is added."""
    p = mu * p - alpha * (1 - mu) * grad
    return theta + p, p


@momentum_step.mistake
def sign(theta, p, grad, alpha, mu):
    """The minus sign belongs inside p, before alpha grad. Which way does theta go when p is positive?"""
    p = mu * p - alpha * grad
    return theta - p, p


@momentum_step.mistake
def sign(theta, p, grad, alpha, mu):
    p = mu * p + alpha * grad
    return theta - p, p


@momentum_step.mistake
def learning_rate_twice(theta, p, grad, alpha, mu):
    """alpha enters once: it is in p already, so theta moves by p itself."""
    p = mu * p - alpha * grad
    return theta + alpha * p, p


@momentum_step.mistake
def in_place(theta, p, grad, alpha, mu):
    """The arrays you were given have changed; the caller still needs the old ones. Where does += write its result?"""
    p *= mu
    p -= alpha * grad
    theta += p
    return theta, p


def look_ahead(rng: np.random.Generator) -> Iterator[Case]:
    for name in ("slopes from 1 to 5", "double well", "coupled cosine"):
        yield Case(name, _numbers(rng, 4), _numbers(rng, 4), given.function(name), _rate(rng), 0.9)
    yield Case("a matrix", _numbers(rng, 2, 3), _numbers(rng, 2, 3), given.function("double well"), _rate(rng), 0.6)
    bent = given.function("coupled cosine")
    yield Case("float32", *(_numbers(rng, 3).astype(np.float32) for _ in range(2)), bent, _rate(rng), 0.8)
    yield Case(
        "no momentum", _numbers(rng, 3), _numbers(rng, 3), given.function("double well"), _rate(rng), 0.0, edge=True
    )
    integers = (rng.integers(1, 4, 3) * rng.choice([-1, 1], 3) for _ in range(2))
    yield Case("integers", *integers, given.function("slopes from 1 to 5"), _rate(rng), 0.5, edge=True)


nesterov_step = Exercise(
    reference.nesterov_step,
    points=2,
    cases=look_ahead,
    outputs=("theta", "p", "the number of calls of grad_fn"),
    probe=probes.counting_calls,
)


@nesterov_step.mistake
def gradient_at_theta(theta, p, grad_fn, alpha, mu):
    """Where will you be after the coasting part of the step? Measure the slope there."""
    p = mu * p - alpha * grad_fn(theta)
    return theta + p, p


@nesterov_step.mistake
def looks_ahead_by_p(theta, p, grad_fn, alpha, mu):
    """The coasting part is mu p, not p."""
    p = mu * p - alpha * grad_fn(theta + p)
    return theta + p, p


@nesterov_step.mistake
def starts_from_lookahead(theta, p, grad_fn, alpha, mu):
    """mu p is counted twice: once in the point where you measure, and again in the new p that you add to it."""
    ahead = theta + mu * p
    p = mu * p - alpha * grad_fn(ahead)
    return ahead + p, p


@nesterov_step.mistake
def two_gradients(theta, p, grad_fn, alpha, mu):
    """One evaluation is enough - gradients are the expensive part. Keep the first one under a name."""
    grad_fn(theta)
    return reference.nesterov_step(theta, p, grad_fn, alpha, mu)


@nesterov_step.mistake
def two_gradients(theta, p, grad_fn, alpha, mu):
    grad_fn(theta), grad_fn(theta)
    return reference.nesterov_step(theta, p, grad_fn, alpha, mu)


# ------------------------------------------------------------------------------------------ Adam


def slopes(rng: np.random.Generator) -> Iterator[Case]:
    yield Case("40 steps", _numbers(rng, 3), _numbers(rng, 40, 3), {})
    grads = _numbers(rng, 6, 3)
    grads[:, 1] = 0.0
    grads[:2, 2] = 0.0
    yield Case("coordinates whose gradient is zero", _numbers(rng, 3), grads, {"alpha": 0.1})
    other = {"alpha": 0.05, "beta1": 0.5, "beta2": 0.8, "eps": 0.01}
    yield Case("another alpha, other betas", _numbers(rng, 3), _numbers(rng, 4, 3), other)
    yield Case("a large eps", _numbers(rng, 3), _numbers(rng, 6, 3), {"alpha": 0.2, "eps": 0.5})
    yield Case("a matrix", _numbers(rng, 2, 3), _numbers(rng, 3, 2, 3), {"alpha": 0.01})
    yield Case("float32", *(_numbers(rng, *shape).astype(np.float32) for shape in ((3,), (4, 3))), {"alpha": 0.1})
    small, large = (_numbers(rng, 6, 3) * np.array(scale) for scale in ([1e-9, 1e-6, 1.0], [1e-3, 1e3, 1e6]))
    yield Case("gradients of 1e-9 and more", _numbers(rng, 3), small.round(12), {"alpha": 0.1}, edge=True)
    yield Case("gradients of up to 1e6", _numbers(rng, 3), large.round(6), {"alpha": 0.1}, edge=True)
    integers = rng.integers(-5, 6, 3), rng.integers(1, 9, (5, 3)) * rng.choice([-1, 1], (5, 3))
    yield Case("integers", *integers, {"alpha": 0.1}, edge=True)


adam_step = Exercise(
    reference.adam_step,
    points=3,
    cases=slopes,
    outputs=("theta after each step", "calls that should not matter"),
    probe=probes.steps,
    view=views.steps,
    rtol=1e-7,
    atol=1e-10,
)


def _adam(theta, grad, state, alpha, beta1, beta2, eps, correct=True, step=None):
    """Adam with its last line to choose: step(m_hat, s_hat) is what alpha is multiplied by."""
    m, s, t = (0.0, 0.0, 0) if state is None else state
    t = t + 1
    m, s = beta1 * m + (1 - beta1) * grad, beta2 * s + (1 - beta2) * np.asarray(grad, float) ** 2
    corrections = (1 - beta1**t, 1 - beta2**t) if correct else (1.0, 1.0)
    step = step or (lambda m_hat, s_hat: m_hat / (np.sqrt(s_hat) + eps))
    return theta - alpha * step(m / corrections[0], s / corrections[1]), (m, s, t)


@adam_step.mistake
def no_bias_correction(theta, grad, state=None, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """The averages start at zero and stay too small at first: the first step should have length about alpha in every
    coordinate, and with the usual betas yours is about three times as long."""
    return _adam(theta, grad, state, alpha, beta1, beta2, eps, correct=False)


@adam_step.mistake(sign=signs.divides_by_zero)
def counter_from_zero(theta, grad, state=None, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """1 - beta^0 is zero: at the first step the counter must be 1 when you divide."""
    m, s, t = (0.0, 0.0, 0) if state is None else state
    m, s = beta1 * m + (1 - beta1) * grad, beta2 * s + (1 - beta2) * np.asarray(grad, float) ** 2
    m_hat, s_hat = m / (1 - beta1**t), s / (1 - beta2**t)
    return theta - alpha * m_hat / (np.sqrt(s_hat) + eps), (m, s, t + 1)


@adam_step.mistake
def eps_inside_root(theta, grad, state=None, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Look at gradients of size 1e-9; here eps stands outside the root."""
    return _adam(theta, grad, state, alpha, beta1, beta2, eps, step=lambda m_hat, s_hat: m_hat / np.sqrt(s_hat + eps))


@adam_step.mistake
def no_square_root(theta, grad, state=None, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Multiply all gradients by 10 - the steps should stay the same. What has the units of a gradient: s_hat, or its root?"""
    return _adam(theta, grad, state, alpha, beta1, beta2, eps, step=lambda m_hat, s_hat: m_hat / (s_hat + eps))


@adam_step.mistake
def no_square_root(theta, grad, state=None, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    return _adam(theta, grad, state, alpha, beta1, beta2, eps, correct=False, step=lambda m, s: m / (s + eps))


_shared = {"state": None}


@adam_step.mistake(sign=signs.depends_on_other_calls)
def module_level_state(theta, grad, state=None, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Two parameter vectors disturb each other: what is remembered between calls belongs into the state."""
    known = None if state is None else _shared["state"]
    theta, _shared["state"] = _adam(theta, grad, known, alpha, beta1, beta2, eps)
    return theta, True


@adam_step.mistake(sign=signs.differs_when_repeated)
def state_changed_in_place(theta, grad, state=None, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Calling twice with the same arguments gives two answers: the first call has changed the state it was given."""
    state = [0.0, 0.0, 0] if state is None else state
    theta, state[:] = _adam(theta, grad, tuple(state), alpha, beta1, beta2, eps)
    return theta, state


@adam_step.mistake
def counter_one_too_high(theta, grad, state=None, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """At the first step you divide by 1 - beta^2; one gradient has come so far, so the counter is 1 there."""
    m, s, t = (0.0, 0.0, 1) if state is None else state
    theta, (m, s, t) = _adam(theta, grad, (m, s, t), alpha, beta1, beta2, eps)
    return theta, (m, s, t)


# ------------------------------------------------------------------------------------------ momentum as a linear map


def directions(rng: np.random.Generator) -> Iterator[Case]:
    lam = round(float(rng.uniform(0.3, 2)), 2)
    yield Case("three numbers, complex roots", lam, _rate(rng), round(float(rng.uniform(0.8, 0.95)), 3))
    yield Case("three numbers, real roots", lam, _rate(rng, 0.02, 0.05), round(float(rng.uniform(0.1, 0.4)), 2))
    grid = np.linspace(0.1, rng.uniform(3.7, 4.3), 12).round(2)[:, None], 1.0, np.linspace(0, 0.99, 41).round(4)
    yield Case("a grid, 12 x 41", *grid)
    yield Case("lam and alpha in rows and columns", _numbers(rng, 3, 1) ** 2, np.array([0.1, 0.5, 1.5, 3.0]), 0.6)
    yield Case("no momentum", np.array([0.5, 1.0, lam, 8.0]), 0.3, np.zeros(4))
    high = rng.uniform(4.2, 6, 4).round(2)
    yield Case("steps too long", high, 1.0, rng.uniform(0.1, 0.8, 4).round(2))
    saddle = -rng.uniform(0.2, 2, 3).round(2)
    yield Case("negative lam, a saddle direction", saddle, _rate(rng), np.array([0.0, 0.5, 0.9]))
    float32 = (rng.uniform(0.2, 3, 4).round(2).astype(np.float32), np.float32(0.5), np.float32(0.25))
    yield Case("float32", *float32)
    yield Case("no friction", np.array([0.5, lam, round(float(rng.uniform(9, 12)), 2)]), 0.5, 1.0, edge=True)
    root = rng.choice([0.25, 0.5, 0.75], 3)  # where alpha lam = (1 - root)^2 or (1 + root)^2, to the last bit
    doubles = np.array([(1 - root[0]) ** 2, (1 - root[1]) ** 2, (1 + root[2]) ** 2])
    yield Case("a double root", doubles, 1.0, root**2, edge=True)
    yield Case("lam = 0", 0.0, _rate(rng), np.array([0.0, 0.5, 0.9]), edge=True)
    yield Case("integers", rng.integers(1, 10, 3), int(rng.integers(1, 3)), np.array([[0], [1]]), edge=True)


momentum_spectral_radius = Exercise(
    reference.momentum_spectral_radius,
    points=3,
    cases=directions,
    outputs=("radius",),
    rtol=1e-6,
    atol=1e-6,
)


def _trace(lam, alpha, mu):
    return np.add(1, mu) - np.multiply(alpha, lam)


def _real_roots(lam, alpha, mu):
    """By the formula of school, NaN where there are none."""
    trace = np.asarray(_trace(lam, alpha, mu), float)
    root = np.sqrt(trace**2 - 4 * np.asarray(mu, float))
    return (trace + root) / 2, (trace - root) / 2


@momentum_spectral_radius.mistake(sign=signs.same_gaps)
def complex_roots_nan(lam, alpha, mu):
    """NaN where the roots are complex; what is their modulus? Think of their product."""
    larger, smaller = _real_roots(lam, alpha, mu)
    return np.maximum(np.abs(larger), np.abs(smaller))


@momentum_spectral_radius.mistake(sign=signs.same_gaps)
def complex_roots_nan(lam, alpha, mu):
    return np.abs(_real_roots(lam, alpha, mu)[0])


@momentum_spectral_radius.mistake
def larger_root_not_larger_modulus(lam, alpha, mu):
    """For large alpha lam both roots are negative, and the smaller of them is farther from zero."""
    trace = _trace(lam, alpha, mu)
    return np.abs(trace + np.sqrt(trace**2 - 4 * np.asarray(mu) + 0j)) / 2


@momentum_spectral_radius.mistake
def larger_root_not_larger_modulus(lam, alpha, mu):
    larger = _real_roots(lam, alpha, mu)[0]
    return np.where(np.isnan(larger), np.sqrt(mu), larger)


@momentum_spectral_radius.mistake
def larger_root_not_larger_modulus(lam, alpha, mu):
    trace = _trace(lam, alpha, mu)
    return (trace + np.sqrt(trace**2 - 4 * np.asarray(mu) + 0j)).real / 2


def _radius(trace, determinant):
    root = np.sqrt(trace**2 - 4 * np.asarray(determinant) + 0j)
    return np.maximum(np.abs(trace + root), np.abs(trace - root)) / 2


@momentum_spectral_radius.mistake
def old_velocity_moves_theta(lam, alpha, mu):
    """theta moves with the new velocity; write both new values through the old ones, theta' and p' from theta and p."""
    return _radius(1 + np.asarray(mu), mu + np.multiply(alpha, lam))


@momentum_spectral_radius.mistake
def old_velocity_moves_theta(lam, alpha, mu):
    return _radius(1 + np.asarray(mu), mu + mu * np.multiply(alpha, lam))


@momentum_spectral_radius.mistake
def no_momentum(lam, alpha, mu):
    """mu makes no difference in your result; it is that of plain gradient descent."""
    return np.abs(1 - np.multiply(alpha, lam)) + 0 * np.asarray(mu)


@momentum_spectral_radius.mistake
def no_momentum(lam, alpha, mu):
    return np.abs(1 - np.multiply(alpha, lam))


@momentum_spectral_radius.mistake
def always_root_of_mu(lam, alpha, mu):
    """sqrt(mu) is the modulus as long as the roots are complex. Two real roots have the product mu too, and one of them is
    then larger than sqrt(mu)."""
    return np.sqrt(mu) + 0.0 * np.multiply(alpha, lam)


@momentum_spectral_radius.mistake
def imaginary_part_added(lam, alpha, mu):
    """Where the number under the root is negative, its root is imaginary: the modulus of a + bi is sqrt(a^2 + b^2), not
    a + b."""
    trace = _trace(lam, alpha, mu)
    root = np.sqrt(np.abs(trace**2 - 4 * np.asarray(mu)))
    return np.maximum(np.abs(trace + root), np.abs(trace - root)) / 2


@momentum_spectral_radius.mistake(sign=signs.raises)
def scalars_only(lam, alpha, mu):
    """The demo calls your function with whole grids: an `if` can't decide for many numbers at once."""
    if any(np.ndim(value) for value in (lam, alpha, mu)):
        raise ValueError("The truth value of an array with more than one element is ambiguous.")
    return reference.momentum_spectral_radius(lam, alpha, mu)


# ------------------------------------------------------------------------------------------ a ball with friction


def balls(rng: np.random.Generator) -> Iterator[Case]:
    def rolling(D: int, name: str, rho: float, dt: float, steps: int) -> tuple:
        return _numbers(rng, D), _numbers(rng, D), given.function(name), rho, dt, steps

    friction = round(float(rng.uniform(0.3, 1.5)), 2)
    yield Case("one dimension", *rolling(1, "double well", friction, 0.1, 12))
    yield Case("two dimensions", *rolling(2, "coupled cosine", friction, 0.2, 10))
    yield Case("three dimensions", *rolling(3, "slopes from 1 to 5", 0.5, 0.05, 15))
    yield Case("no friction", *rolling(2, "double well", 0.0, 0.1, 10))
    yield Case("a single step", *rolling(3, "coupled cosine", friction, 0.3, 1))
    start, v, *rest = rolling(2, "slopes from 1 to 5", 0.8, 0.1, 6)
    yield Case("float32", start.astype(np.float32), v.astype(np.float32), *rest)
    yield Case("no step at all", *rolling(2, "double well", friction, 0.1, 0), edge=True)
    integers = (rng.integers(1, 4, 3) * rng.choice([-1, 1], 3) for _ in range(2))
    yield Case("integers", *integers, given.function("slopes from 1 to 5"), friction, 0.1, 6, edge=True)


momentum_ode = Exercise(reference.momentum_ode, points=2, cases=balls, outputs=("positions",))


def _roll(theta0, v0, steps, push):
    """push(theta, v) -> the next theta and v."""
    theta, v = np.asarray(theta0, float), np.asarray(v0, float)
    path = [theta]
    for _ in range(steps):
        theta, v = push(theta, v)
        path.append(theta)
    return np.array(path)


@momentum_ode.mistake
def explicit_euler(theta0, v0, grad_fn, rho, dt, steps):
    """Without friction your ball gains energy at every step; which velocity moves the position?"""
    return _roll(theta0, v0, steps, lambda th, v: (th + dt * v, v + dt * (-rho * v - grad_fn(th))))


@momentum_ode.mistake
def friction_sign(theta0, v0, grad_fn, rho, dt, steps):
    """Friction should slow the ball; yours drives it on."""
    return reference.momentum_ode(theta0, v0, grad_fn, -rho, dt, steps)


@momentum_ode.mistake
def friction_not_times_dt(theta0, v0, grad_fn, rho, dt, steps):
    """Halve dt and double steps - the motion should hardly change. Yours is slowed once a step, however short it is."""

    def push(theta, v):
        v = (1 - rho) * v - dt * grad_fn(theta)
        return theta + dt * v, v

    return _roll(theta0, v0, steps, push)


@momentum_ode.mistake
def start_missing(theta0, v0, grad_fn, rho, dt, steps):
    """steps + 1 rows are asked, and the first of them is theta0."""
    return reference.momentum_ode(theta0, v0, grad_fn, rho, dt, steps)[1:]


@momentum_ode.mistake
def start_missing(theta0, v0, grad_fn, rho, dt, steps):
    return reference.momentum_ode(theta0, v0, grad_fn, rho, dt, steps + 1)[1:]


@momentum_ode.mistake
def same_array_stored(theta0, v0, grad_fn, rho, dt, steps):
    """All rows are equal: += changes the one array that all of them are. Store a copy, or make a new array at each step."""
    path = reference.momentum_ode(theta0, v0, grad_fn, rho, dt, steps)
    return np.tile(path[-1], (steps + 1, 1))


@momentum_ode.mistake
def same_array_stored(theta0, v0, grad_fn, rho, dt, steps):
    path = reference.momentum_ode(theta0, v0, grad_fn, rho, dt, steps)
    theta0[:] = path[-1]  # where no copy was made, the caller's array is the one
    return np.tile(path[-1], (steps + 1, 1))


@momentum_ode.mistake
def rows_cut_to_integers(theta0, v0, grad_fn, rho, dt, steps):
    """Your rows hold whole numbers when the start does: of what type is the array that you write them into?"""
    path = np.empty((steps + 1, *np.shape(theta0)), np.asarray(theta0).dtype)
    path[:] = reference.momentum_ode(theta0, v0, grad_fn, rho, dt, steps)
    return path


@momentum_ode.mistake
def rows_cut_to_integers(theta0, v0, grad_fn, rho, dt, steps):
    path = np.empty((steps + 1, *np.shape(theta0)), np.asarray(theta0).dtype)
    path[0], v = theta0, np.asarray(v0, float)
    for k in range(steps):
        v = v + dt * (-rho * v - grad_fn(path[k]))
        path[k + 1] = path[k] + dt * v
    return path


# ------------------------------------------------------------------------------------------ noise


def batches(rng: np.random.Generator) -> Iterator[Case]:
    yield Case("batches of three", _numbers(rng, int(rng.integers(6, 10)), 3), 3)
    yield Case("batches of one", _numbers(rng, 5, 2), 1)
    yield Case("all but one", _numbers(rng, 7, 2), 6)
    yield Case("a single parameter", _numbers(rng, 8, 1), 4)
    yield Case("two examples", _numbers(rng, 2, 3), 1)
    yield Case("float32", _numbers(rng, 6, 2).astype(np.float32), 2)
    yield Case("integers", rng.integers(-9, 10, (6, 2)), 4)
    yield Case("all examples at once", _numbers(rng, 6, 2), 6, edge=True)
    yield Case("a single example", _numbers(rng, 1, 3), 1, edge=True)
    yield Case("a common offset of ten million", _numbers(rng, 6, 3) + 1e7, 2, edge=True)
    offsets = np.array([1e7, -3e7, 5e7, 7e7])
    yield Case("another offset in each column", _numbers(rng, 7, 4) + offsets, 3, edge=True)


minibatch_noise = Exercise(reference.minibatch_noise, points=2, cases=batches, outputs=("noise",), atol=1e-12)


def _variance(G):
    return np.sum((G - np.mean(G, axis=0)) ** 2) / len(G)


@minibatch_noise.mistake
def with_replacement(G, S):
    """With S = N every batch is the full data; how large is the noise then?"""
    return _variance(G) / S


@minibatch_noise.mistake
def with_replacement(G, S):
    return np.var(G, axis=0, ddof=1).sum() / S


@minibatch_noise.mistake
def divides_by_batch_squared(G, S):
    """Compare S = 1 and S = 2 by listing all pairs of three numbers: how does the noise fall with S?"""
    return reference.minibatch_noise(G, S) / S


@minibatch_noise.mistake
def divides_by_batch_squared(G, S):
    return _variance(G) / S**2


@minibatch_noise.mistake
def standard_deviation(G, S):
    """The squared distance is asked; you have taken its root."""
    return np.sqrt(reference.minibatch_noise(G, S))


@minibatch_noise.mistake
def correction_by_all_examples(G, S):
    """Nearly: try N = 2 and S = 1 by hand. How must a batch of one compare with the variance of the examples, for any N?"""
    return _variance(G) / S * (len(G) - S) / len(G)


@minibatch_noise.mistake
def mean_over_parameters(G, S):
    """The squared distance of two vectors adds up the squares of all coordinates; you have taken their mean."""
    return reference.minibatch_noise(G, S) / np.shape(G)[1]


@minibatch_noise.mistake(sign=signs.anything)
def cancellation(G, S):
    """Wrong digits when all gradients share a large offset; subtract the mean first, then square."""
    N = len(G)
    variance = np.sum(np.mean(np.square(G, dtype=float), axis=0) - np.mean(G, axis=0) ** 2)
    return variance / S * (N - S) / max(N - 1, 1)


@minibatch_noise.mistake(sign=signs.divides_by_zero)
def one_example_nan(G, S):
    """One example, one possible batch: there is no noise, but you divide by N - 1."""
    N = len(G)
    return _variance(G) / S * (N - S) / np.float64(N - 1)


# ------------------------------------------------------------------------------------------ a good start


def layers(rng: np.random.Generator) -> Iterator[Case]:
    variances = {
        "lecun": lambda fan_in, fan_out: 1 / fan_in,
        "glorot": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
        "he": lambda fan_in, fan_out: 2 / fan_in,
    }
    for scheme, variance in variances.items():
        for fan_in, fan_out in ((400, 250), (100, 900), (900, 100)):
            deviation = float(np.sqrt(variance(fan_in, fan_out)))
            source = given.generator(int(rng.integers(10**6)))
            yield Case(f"{scheme}, {fan_in} to {fan_out}", fan_in, fan_out, scheme, source, truth=deviation)
    yield Case("an unknown scheme", 3, 3, "nonsense", given.generator(0), raises=ValueError, edge=True)


init_weights = Exercise(
    reference.init_weights,
    points=1,
    cases=layers,
    outputs=("weights",),
    probe=probes.draws,
    view=views.normal_weights,
)


def _normal(deviation, fan_out, fan_in, rng):
    return deviation * rng.normal(size=(fan_out, fan_in))


def _deviation(fan_in, fan_out, scheme):
    return np.sqrt({"lecun": 1 / fan_in, "glorot": 2 / (fan_in + fan_out), "he": 2 / fan_in}[scheme])


@init_weights.mistake(sign=signs.same_spread)
def grows_with_fan_in(fan_in, fan_out, scheme, rng):
    """More inputs make the sum larger; the weights must become smaller."""
    return _normal(1 / _deviation(fan_in, fan_out, scheme), fan_out, fan_in, rng)


@init_weights.mistake(sign=signs.same_spread)
def grows_with_fan_in(fan_in, fan_out, scheme, rng):
    variance = {"lecun": fan_in, "glorot": 2 * (fan_in + fan_out), "he": 2 * fan_in}[scheme]
    return _normal(np.sqrt(variance), fan_out, fan_in, rng)


@init_weights.mistake(sign=signs.same_spread)
def grows_with_fan_in(fan_in, fan_out, scheme, rng):
    variance = {"lecun": fan_in, "glorot": (fan_in + fan_out) / 2, "he": 2 * fan_in}[scheme]
    return _normal(np.sqrt(variance), fan_out, fan_in, rng)


@init_weights.mistake(sign=signs.same_spread)
def variance_as_deviation(fan_in, fan_out, scheme, rng):
    """Variance and standard deviation: which of the two does the generator ask for, and which one have you computed?"""
    return _normal(_deviation(fan_in, fan_out, scheme) ** 2, fan_out, fan_in, rng)


@init_weights.mistake(sign=signs.same_spread)
def fan_out_used(fan_in, fan_out, scheme, rng):
    """How many terms does one unit add up: as many as it has inputs, or as many as it feeds?"""
    return _normal(_deviation(fan_out, fan_in, scheme), fan_out, fan_in, rng)


@init_weights.mistake(sign=signs.same_spread)
def global_random_state(fan_in, fan_out, scheme, rng):
    """Two runs with the same generator differ: draw from the rng that you are given, and from nothing else."""
    return _normal(_deviation(fan_in, fan_out, scheme), fan_out, fan_in, np.random.default_rng())


@init_weights.mistake(sign=signs.same_spread)
def he_without_two(fan_in, fan_out, scheme, rng):
    """ReLU throws away half of the signal's second moment; the scheme "he" makes up for it."""
    return _normal(_deviation(fan_in, fan_out, "lecun" if scheme == "he" else scheme), fan_out, fan_in, rng)


# ------------------------------------------------------------------------------------------ a rule of one's own


def seasons(rng: np.random.Generator) -> Iterator[Case]:
    for run in range(3):
        yield Case(f"thirteen problems, run {run + 1}", truth=int(rng.integers(2**31)))


my_optimizer = Exercise(
    reference.my_optimizer,
    points=3,
    cases=seasons,
    outputs=("problems solved",),
    probe=probes.rule,
    view=views.problems_solved,
    at_least={"number of problems solved": 10},
    every_case=True,
    cpu_limit=20.0,
)


@my_optimizer.mistake(sign=signs.moves_alike)
def plain_gradient_descent(theta, grad, state, step):
    """No single rate serves a largest eigenvalue of 0.1 and of 100; what could make your step independent of the scale of
    the gradient?"""
    return theta - 0.01 * grad, None


@my_optimizer.mistake(sign=signs.moves_alike)
def momentum_fixed_rate(theta, grad, state, step):
    """Better in ravines, still tied to one scale: the same rate serves a largest eigenvalue of 0.1 and of 100 badly."""
    p = -0.01 * grad if state is None else 0.9 * state - 0.01 * grad
    return theta + p, p


@my_optimizer.mistake(sign=signs.moves_alike)
def default_adam(theta, grad, state, step):
    """Scale-free, but 500 steps of 0.001 cannot walk a distance of 6."""
    return reference.adam_step(theta, grad, state)


@my_optimizer.mistake(sign=signs.moves_alike)
def sign_constant_step(theta, grad, state, step):
    """It arrives and then dances around the minimum: steps of one length never come closer than that."""
    return theta - 0.05 * np.sign(grad), None


@my_optimizer.mistake(sign=signs.moves_alike)
def decays_too_fast(theta, grad, state, step):
    """Your rule stops before it arrives: add up its steps, how far could it walk in all?"""
    return theta - 0.1 * 0.9**step * np.sign(grad), None
