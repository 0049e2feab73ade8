"""More answers to lecture 07: the catalogued mistakes once more, written in other ways, and right ones by other routes."""

RIGHT = {}
WRONG = {}

RIGHT["momentum_step"] = [
    """
def momentum_step(theta, p, grad, alpha, mu):
    p = -alpha * grad + p * mu
    return p + theta, p.copy() if isinstance(p, np.ndarray) else p
""",
]

WRONG["momentum_step"] = {
    "old_velocity_used": """
def momentum_step(theta, p, grad, alpha, mu):
    return theta + p, mu * p - alpha * grad
""",
    "averaged_gradient_form": """
def momentum_step(theta, p, grad, alpha, mu):
    v = -(p * mu) + alpha * grad * (1.0 - mu)
    return theta - v, -v
""",
    "sign": """
def momentum_step(theta, p, grad, alpha, mu):
    v = mu * p + alpha * grad
    return theta - v, v
""",
    "learning_rate_twice": """
def momentum_step(theta, p, grad, alpha, mu):
    new = np.zeros(theta.shape)
    p = mu * p - alpha * grad
    for i in np.ndindex(theta.shape):
        new[i] = theta[i] + p[i] * alpha
    return new, p
""",
    "in_place": """
def momentum_step(theta, p, grad, alpha, mu):
    p[...] = mu * p - alpha * grad
    return theta + p, p
""",
}

RIGHT["nesterov_step"] = [
    """
def nesterov_step(theta, p, grad_fn, alpha, mu):
    q = mu * p
    g = np.array(grad_fn((theta + q).copy()))
    return theta + q - alpha * g, q - alpha * g
""",
]

WRONG["nesterov_step"] = {
    "gradient_at_theta": """
def nesterov_step(theta, p, grad_fn, alpha, mu):
    new = theta + mu * p - alpha * grad_fn(theta)
    return new, new - theta
""",
    "looks_ahead_by_p": """
def nesterov_step(theta, p, grad_fn, alpha, mu):
    slope = grad_fn(p + theta)
    velocity = p * mu - slope * alpha
    return theta + velocity, velocity
""",
    "starts_from_lookahead": """
def nesterov_step(theta, p, grad_fn, alpha, mu):
    coast = mu * p
    p = coast - alpha * grad_fn(theta + coast)
    return theta + coast + p, p
""",
    "two_gradients": """
def nesterov_step(theta, p, grad_fn, alpha, mu):
    shape = grad_fn(theta).shape
    p = mu * p - alpha * grad_fn(theta + mu * p).reshape(shape)
    return theta + p, p
""",
}

RIGHT["adam_step"] = [
    """
import torch

def adam_step(theta, grad, state=None, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    t = torch.tensor(np.asarray(theta, float), requires_grad=True)
    optimizer = torch.optim.Adam([t], lr=alpha, betas=(beta1, beta2), eps=eps)
    if state is not None:
        old = {"step": state[0].clone(), "exp_avg": state[1].clone(), "exp_avg_sq": state[2].clone()}
        optimizer.state[t] = old
    t.grad = torch.tensor(np.asarray(grad, float))
    optimizer.step()
    new = optimizer.state[t]
    return t.detach().numpy(), (new["step"], new["exp_avg"], new["exp_avg_sq"])
""",
    """
from dataclasses import dataclass, replace

@dataclass(frozen=True)
class S:
    m: object
    s: object
    t: int = 0

def adam_step(theta, grad, state=None, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    st = S(np.zeros(np.shape(theta)), np.zeros(np.shape(theta))) if state is None else state
    st = replace(st, m=beta1 * st.m + (1 - beta1) * grad, s=beta2 * st.s + (1 - beta2) * grad**2, t=st.t + 1)
    d = np.sqrt(st.s / (1 - beta2**st.t)) + eps
    return theta - alpha / (1 - beta1**st.t) * st.m / d, st
""",
]

WRONG["adam_step"] = {
    "no_bias_correction": """
def adam_step(theta, grad, state=None, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    if state is None:
        state = {"m": np.zeros(theta.shape), "s": np.zeros(theta.shape)}
    new = {"m": state["m"] + (1 - beta1) * (grad - state["m"]), "s": state["s"] + (1 - beta2) * (grad**2 - state["s"])}
    return theta - alpha * new["m"] / (new["s"] ** 0.5 + eps), new
""",
    "counter_from_zero": """
import math

def adam_step(theta, grad, state=None, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    if state is None:
        state = dict(m=0 * grad, s=0 * grad, t=0)
    m = beta1 * state["m"] + (1 - beta1) * grad
    s = beta2 * state["s"] + (1 - beta2) * grad**2
    size = alpha * math.sqrt(1 - beta2 ** state["t"]) / (1 - beta1 ** state["t"])
    return theta - size * m / (np.sqrt(s) + eps), dict(m=m, s=s, t=state["t"] + 1)
""",
    "eps_inside_root": """
def adam_step(theta, grad, state=None, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, s, k = state or (0.0, 0.0, 0)
    m, s, k = beta1 * m + (1 - beta1) * grad, beta2 * s + (1 - beta2) * grad**2, k + 1
    m_hat, s_hat = m / (1 - beta1**k), s / (1 - beta2**k)
    return theta - alpha * m_hat * (s_hat + eps) ** -0.5, (m, s, k)
""",
    "no_square_root": """
def adam_step(theta, grad, state=None, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, s, k = state or (np.zeros(theta.shape), np.zeros(theta.shape), 0)
    k += 1
    m = m * beta1 + grad * (1 - beta1)
    s = s * beta2 + grad * grad * (1 - beta2)
    direction = (m / (1 - beta1**k)) / (s / (1 - beta2**k) + eps)
    return theta - alpha * direction, (m, s, k)
""",
    "module_level_state": """
m, s, t = 0.0, 0.0, 0

def adam_step(theta, grad, state=None, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    global m, s, t
    t += 1
    m = beta1 * m + (1 - beta1) * grad
    s = beta2 * s + (1 - beta2) * grad**2
    return theta - alpha * (m / (1 - beta1**t)) / (np.sqrt(s / (1 - beta2**t)) + eps), None
""",
    "state_changed_in_place": """
def adam_step(theta, grad, state=None, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    if state is None:
        state = [np.zeros(theta.shape), np.zeros(theta.shape), 0]
    m, s, t = state
    m *= beta1
    m += (1 - beta1) * grad
    s *= beta2
    s += (1 - beta2) * grad**2
    t += 1
    return theta - alpha * (m / (1 - beta1**t)) / (np.sqrt(s / (1 - beta2**t)) + eps), [m, s, t]
""",
    "default_argument_as_memory": """
def adam_step(theta, grad, state=None, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    if state is None:
        adam_step.memory = [0.0, 0.0, 0]
    m, s, t = adam_step.memory
    return theta - alpha * grad, adam_step.memory
""",
}

RIGHT["momentum_spectral_radius"] = [
    """
def momentum_spectral_radius(lam, alpha, mu):
    x = np.asarray(alpha * lam if np.isscalar(alpha) and np.isscalar(lam) else np.multiply(alpha, lam), dtype=complex)
    b = 1 + mu - x
    d = (b * b - 4 * mu) ** 0.5
    return np.max(np.stack(np.broadcast_arrays(abs(b + d) / 2, abs(b - d) / 2)), axis=0)
""",
    """
def momentum_spectral_radius(lam, alpha, mu):
    shape = np.broadcast_shapes(np.shape(lam), np.shape(alpha), np.shape(mu))
    flat = [np.broadcast_to(a, shape).ravel() for a in (lam, alpha, mu)]
    out = [max(abs(np.roots([1, -(1 + m - a * l), m]))) if m != 0 else abs(1 - a * l) for l, a, m in zip(*flat)]
    return np.array(out, dtype=float).reshape(shape)
""",
]

WRONG["momentum_spectral_radius"] = {
    "complex_roots_nan": """
def momentum_spectral_radius(lam, alpha, mu):
    trace = np.asarray(1.0 + mu - np.multiply(alpha, lam))
    root = np.sqrt(trace * trace - 4 * mu)
    return np.abs((trace + root) / 2)
""",
    "larger_root_not_larger_modulus": """
def momentum_spectral_radius(lam, alpha, mu):
    al, mu = np.broadcast_arrays(np.multiply(alpha, lam) * 1.0, np.asarray(mu) * 1.0)
    b = 1 + mu - al
    d = b**2 - 4 * mu
    return np.where(d < 0, np.sqrt(mu), (b + np.sqrt(np.where(d < 0, 0, d))) / 2)
""",
    "old_velocity_moves_theta": """
def momentum_spectral_radius(lam, alpha, mu):
    al = np.multiply(alpha, lam)
    d = np.sqrt((1 + mu) ** 2 - 4 * (mu + al) + 0j)
    return np.maximum(abs(1 + mu + d), abs(1 + mu - d)) / 2
""",
    "no_momentum": """
def momentum_spectral_radius(lam, alpha, mu):
    lam, alpha, mu = np.broadcast_arrays(lam, alpha, mu)
    return abs(alpha * lam - 1)
""",
    "scalars_only": """
def momentum_spectral_radius(lam, alpha, mu):
    M = np.array([[1 - alpha * lam, mu], [-alpha * lam, mu]], dtype=float)
    return max(abs(np.linalg.eigvals(M)))
""",
}

RIGHT["momentum_ode"] = [
    """
from itertools import accumulate

def momentum_ode(theta0, v0, grad_fn, rho, dt, steps):
    def push(state, _):
        theta, v = state
        v = (1 - rho * dt) * v - dt * grad_fn(theta)
        return theta + dt * v, v
    return np.array([theta for theta, _ in accumulate(range(steps), push, initial=(1.0 * theta0, 1.0 * v0))])
""",
]

WRONG["momentum_ode"] = {
    "explicit_euler": """
def momentum_ode(theta0, v0, grad_fn, rho, dt, steps):
    path, v = np.zeros((steps + 1, len(theta0))), 1.0 * v0
    path[0] = theta0
    for k in range(steps):
        path[k + 1] = path[k] + dt * v
        v = v + dt * (-rho * v - grad_fn(path[k]))
    return path
""",
    "friction_sign": """
def momentum_ode(theta0, v0, grad_fn, rho, dt, steps):
    mu, alpha = 1 + rho * dt, dt**2
    theta, p = 1.0 * theta0, v0 * dt
    path = [theta]
    for _ in range(steps):
        p = mu * p - alpha * grad_fn(theta)
        theta = theta + p
        path.append(theta)
    return np.stack(path)
""",
    "friction_not_times_dt": """
def momentum_ode(theta0, v0, grad_fn, rho, dt, steps):
    theta, p = 1.0 * theta0, v0 * dt
    path = [theta]
    for _ in range(steps):
        p = (1 - rho) * p - dt**2 * grad_fn(theta)
        theta = theta + p
        path.append(theta)
    return np.stack(path)
""",
    "start_missing": """
def momentum_ode(theta0, v0, grad_fn, rho, dt, steps):
    theta, v = 1.0 * theta0, 1.0 * v0
    path = np.zeros((steps + 1, len(theta0)))
    for k in range(steps + 1):
        v = v + dt * (-rho * v - grad_fn(theta))
        theta = theta + dt * v
        path[k] = theta
    return path
""",
    "same_array_stored": """
def momentum_ode(theta0, v0, grad_fn, rho, dt, steps):
    theta, v = theta0, v0
    path = [theta]
    for _ in range(steps):
        v = v + dt * (-rho * v - grad_fn(theta))
        theta += dt * v
        path.append(theta)
    return np.stack(path)
""",
}

RIGHT["minibatch_noise"] = [
    """
def minibatch_noise(G, S):
    N = len(G)
    C = np.cov(np.asarray(G, float), rowvar=False, bias=True)
    total = np.trace(np.atleast_2d(C))
    return float(total / S * (N - S) / (N - 1)) if N > S else 0.0
""",
]

WRONG["minibatch_noise"] = {
    "with_replacement": """
def minibatch_noise(G, S):
    centred = G - G.mean(axis=0)
    return (centred**2).sum() / (len(G) - 1) / S
""",
    "divides_by_batch_squared": """
def minibatch_noise(G, S):
    return ((G - G.mean(axis=0)) ** 2).sum(axis=1).mean() / S**2
""",
    "standard_deviation": """
def minibatch_noise(G, S):
    N = len(G)
    if N == S:
        return 0.0
    return (np.var(G, axis=0, ddof=1).sum() * (1 / S - 1 / N)) ** 0.5
""",
    "cancellation": """
def minibatch_noise(G, S):
    N = len(G)
    if N == S:
        return 0.0
    G = np.asarray(G, float)
    squares = np.einsum("nd,nd->", G, G) / N
    mean = G.sum(axis=0) / N
    return (squares - mean @ mean) * (N - S) / (S * (N - 1))
""",
    "one_example_nan": """
def minibatch_noise(G, S):
    N = len(G)
    variance = float(((G - G.mean(axis=0)) ** 2).sum() / N)
    return variance / S * ((N - S) / (N - 1))
""",
}

RIGHT["init_weights"] = [
    """
def init_weights(fan_in, fan_out, scheme, rng):
    schemes = dict(lecun=lambda: fan_in, glorot=lambda: (fan_in + fan_out) / 2, he=lambda: fan_in / 2)
    if scheme not in schemes:
        raise ValueError(f"{scheme} is none of {list(schemes)}")
    return rng.multivariate_normal([0.0], [[1 / schemes[scheme]()]], size=(fan_out, fan_in))[..., 0]
""",
]

WRONG["init_weights"] = {
    "grows_with_fan_in": """
def init_weights(fan_in, fan_out, scheme, rng):
    if scheme == "lecun":
        std = np.sqrt(fan_in)
    elif scheme == "glorot":
        std = np.sqrt(2 * (fan_in + fan_out))
    else:
        std = np.sqrt(2 * fan_in)
    return rng.normal(0, std, (fan_out, fan_in))
""",
    "variance_as_deviation": """
def init_weights(fan_in, fan_out, scheme, rng):
    if scheme == "lecun":
        return rng.standard_normal((fan_out, fan_in)) / fan_in
    if scheme == "glorot":
        return rng.standard_normal((fan_out, fan_in)) * 2 / (fan_in + fan_out)
    if scheme == "he":
        return rng.standard_normal((fan_out, fan_in)) * 2 / fan_in
    raise ValueError
""",
    "fan_out_used": """
def init_weights(fan_in, fan_out, scheme, rng):
    rows = rng.normal(size=(fan_in, fan_out)).T
    if scheme == "lecun":
        return rows / np.sqrt(fan_out)
    if scheme == "glorot":
        return rows * np.sqrt(2 / (fan_in + fan_out))
    return rows * np.sqrt(2 / fan_out)
""",
    "global_random_state": """
import torch

def init_weights(fan_in, fan_out, scheme, rng):
    if scheme not in ("lecun", "glorot", "he"):
        raise ValueError
    W = torch.empty(fan_out, fan_in)
    var = {"lecun": 1 / fan_in, "glorot": 2 / (fan_in + fan_out), "he": 2 / fan_in}[scheme]
    return torch.nn.init.normal_(W, std=var**0.5).numpy()
""",
    "he_without_two": """
def init_weights(fan_in, fan_out, scheme, rng):
    std = {"lecun": fan_in**-0.5, "glorot": np.sqrt(2 / (fan_in + fan_out)), "he": 1 / np.sqrt(fan_in)}[scheme]
    return rng.normal(0, std, (fan_out, fan_in))
""",
}

RIGHT["my_optimizer"] = [
    """
def my_optimizer(theta, grad, state, step):
    # Adam whose rate falls like a cosine
    m, s = (np.zeros_like(theta), np.zeros_like(theta)) if state is None else state
    m, s = 0.9 * m + 0.1 * grad, 0.99 * s + 0.01 * grad * grad
    rate = 0.4 * (1 + np.cos(np.pi * step / 500)) / 2
    return theta - rate * (m / (1 - 0.9**step)) / (np.sqrt(s / (1 - 0.99**step)) + 1e-15), [m, s]
""",
]

WRONG["my_optimizer"] = {
    "plain_gradient_descent": """
def my_optimizer(theta, grad, state, step):
    lr = 0.5
    theta -= lr * grad
    return theta, None
""",
    "momentum_fixed_rate": """
def my_optimizer(theta, grad, state, step):
    mu, lr = 0.9, 0.01
    buffer = np.zeros_like(grad) if state is None else state
    buffer = mu * buffer + grad
    return theta - lr * (grad + mu * buffer), buffer  # as Nesterov's in torch
""",
    "default_adam": """
class Adam:
    def __init__(self, D):
        self.m, self.s = np.zeros(D), np.zeros(D)

def my_optimizer(theta, grad, state, step):
    if state is None:
        state = Adam(len(theta))
    state.m = 0.9 * state.m + 0.1 * grad
    state.s = 0.999 * state.s + 0.001 * grad**2
    size = 0.001 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    return theta - size * state.m / (np.sqrt(state.s) + 1e-8), state
""",
    "sign_constant_step": """
def my_optimizer(theta, grad, state, step):
    return theta - 0.1 * grad / (np.linalg.norm(grad) + 1e-12), state
""",
    "decays_too_fast": """
def my_optimizer(theta, grad, state, step):
    m, s = (0, 0) if state is None else state
    m, s = 0.9 * m + 0.1 * grad, 0.99 * s + 0.01 * grad**2
    rate = 0.3 * 0.5 ** (step / 5)
    return theta - rate * (m / (1 - 0.9**step)) / (np.sqrt(s / (1 - 0.99**step)) + 1e-12), (m, s)
""",
}
