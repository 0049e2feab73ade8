"""Solutions of lecture 07, optimization. Step functions return new arrays and leave theirs as they are."""

import numpy as np


def momentum_step(theta, p, grad, alpha, mu):
    """One step of momentum: p <- mu p - alpha grad, then theta <- theta + p, with the new p.

    theta, p and grad arrays of one shape, any; alpha the learning rate, mu the momentum -> the new theta and the new p
    """
    # BEGIN SOLUTION
    p = mu * p - alpha * grad
    return theta + p, p
    # END SOLUTION


def nesterov_step(theta, p, grad_fn, alpha, mu):
    """One step of Nesterov momentum: p <- mu p - alpha grad_fn(theta + mu p), then theta <- theta + p, with the new p.

    theta and p arrays of one shape, any; grad_fn gives the gradient at a point and is called exactly once
    -> the new theta and the new p
    """
    # BEGIN SOLUTION
    p = mu * p - alpha * grad_fn(theta + mu * p)
    return theta + p, p
    # END SOLUTION


def adam_step(theta, grad, state=None, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """One step of Adam with bias correction: theta <- theta - alpha m_hat / (sqrt(s_hat) + eps).

    theta and grad arrays of one shape, any; alpha, beta1, beta2 and eps numbers
    state None at the first call, then what your last call returned; whatever you like, but a call must not change it
    -> the new theta and the new state
    """
    # BEGIN SOLUTION
    m, s, t = (0.0, 0.0, 0) if state is None else state
    t = t + 1
    m = beta1 * m + (1 - beta1) * grad
    s = beta2 * s + (1 - beta2) * np.square(grad, dtype=float)
    m_hat, s_hat = m / (1 - beta1**t), s / (1 - beta2**t)
    return theta - alpha * m_hat / (np.sqrt(s_hat) + eps), (m, s, t)
    # END SOLUTION


def momentum_spectral_radius(lam, alpha, mu):
    """The largest modulus of the two eigenvalues of a momentum step on J = lam theta^2 / 2, a linear map of (theta, p).

    lam, alpha and mu numbers or arrays that broadcast against each other -> an array of their common shape
    """
    # BEGIN SOLUTION
    trace = 1 + mu - np.multiply(alpha, lam)  # the eigenvalues r solve r^2 - trace r + mu = 0
    root = np.sqrt(trace**2 - 4 * np.asarray(mu) + 0j)
    return np.maximum(np.abs(trace + root), np.abs(trace - root)) / 2
    # END SOLUTION


def momentum_ode(theta0, v0, grad_fn, rho, dt, steps):
    """A ball with friction, theta'' = -rho theta' - grad J(theta), by v <- v + dt (-rho v - grad_fn(theta)) and then
    theta <- theta + dt v, with the new v.

    theta0 and v0 (D,) where and how fast it starts; grad_fn gives the gradient at a point; rho the friction, dt the time
    of a step, steps how many -> (steps + 1, D), the positions, beginning with theta0
    """
    # BEGIN SOLUTION
    theta, v = np.asarray(theta0, float), np.asarray(v0, float)
    path = [theta]
    for _ in range(steps):
        v = v + dt * (-rho * v - grad_fn(theta))
        theta = theta + dt * v
        path.append(theta)
    return np.array(path)
    # END SOLUTION


def minibatch_noise(G, S):
    """The expected squared distance between the mean gradient of a mini-batch and that of all examples, exactly.

    G (N, D) the gradient of each example; S the size of a batch, S different examples, all sets equally likely
    -> a number
    """
    # BEGIN SOLUTION
    N = len(G)
    variance = np.sum((G - np.mean(G, axis=0)) ** 2) / N
    return variance / S * (N - S) / max(N - 1, 1)
    # END SOLUTION


def init_weights(fan_in, fan_out, scheme, rng):
    """Normal random weights of mean 0 and variance 1/fan_in ("lecun"), 2/(fan_in + fan_out) ("glorot") or 2/fan_in ("he").

    fan_in and fan_out the numbers of inputs and units; scheme one of the three names, else ValueError;
    rng a numpy.random.Generator, the only source of chance -> (fan_out, fan_in)
    """
    # BEGIN SOLUTION
    variances = {"lecun": 1 / fan_in, "glorot": 2 / (fan_in + fan_out), "he": 2 / fan_in}
    if scheme not in variances:
        raise ValueError(f"scheme must be one of {', '.join(variances)}, not {scheme!r}")
    return np.sqrt(variances[scheme]) * rng.normal(size=(fan_out, fan_in))
    # END SOLUTION


def my_optimizer(theta, grad, state, step):
    """One step of an update rule of your own, which sees nothing but the gradient.

    theta and grad (D,); state None at the first call, then what your last call returned; step counts from 1 to 500
    -> the new theta (D,) and the new state
    """
    # BEGIN SOLUTION
    # Resilient steps (Riedmiller and Braun, 1993): each coordinate has its own step size, which grows while the slope keeps
    # its sign and shrinks when it has stepped over the valley. The length of the gradient plays no part.
    size, last = (np.full(theta.shape, 0.1), np.zeros(theta.shape)) if state is None else state
    turned = grad * last
    size = np.clip(size * np.where(turned > 0, 1.2, np.where(turned < 0, 0.5, 1.0)), 1e-12, 10.0)
    grad = np.where(turned < 0, 0.0, grad)  # wait one step where the sign has changed
    return theta - size * np.sign(grad), (size, grad)
    # END SOLUTION
