"""Answers to lecture 12 as students write them, right and wrong, in the form that `autograder audit` reads.

Most wrong ones are a right one with one slip, so they are written as what was changed.
"""

RIGHT = {}
WRONG = {}


def slip(source: str, *changes: tuple[str, str]) -> str:
    """The source with pieces replaced, (old, new) each; every piece must be there."""
    for old, new in changes:
        if old not in source:
            raise ValueError(f"{old!r} is not in the answer")
        source = source.replace(old, new)
    return source


# ------------------------------------------------------------------------------------------ forward

RIGHT["rnn_forward"] = [
    """
def rnn_forward(x, h0, w_xh, w_hh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H), dtype=x.dtype)
    prev = h0
    for t in range(T):
        prev = np.tanh(x[:, t] @ w_xh + prev @ w_hh + b)
        h[:, t] = prev
    return h
""",
    """
def rnn_forward(x, h0, w_xh, w_hh, b):
    states = [h0]
    for t in range(x.shape[1]):
        states.append(np.tanh(x[:, t, :].dot(w_xh) + states[-1].dot(w_hh) + b))
    return np.stack(states[1:], axis=1)
""",
    """
import torch

def rnn_forward(x, h0, w_xh, w_hh, b):
    D, H = w_xh.shape
    x, h0, w_xh, w_hh, b = (torch.from_numpy(np.ascontiguousarray(a)) for a in (x, h0, w_xh, w_hh, b))
    rnn = torch.nn.RNN(D, H, batch_first=True).to(x.dtype)
    with torch.no_grad():
        rnn.weight_ih_l0.copy_(w_xh.T)
        rnn.weight_hh_l0.copy_(w_hh.T)
        rnn.bias_ih_l0.copy_(b)
        rnn.bias_hh_l0.zero_()
        return rnn(x, h0[None])[0].numpy()
""",
    """
def rnn_forward(x, h0, w_xh, w_hh, b):
    out = np.empty(x.shape[:2] + (len(b),), x.dtype)
    for n in range(len(x)):
        h = h0[n]
        for t in range(x.shape[1]):
            z = np.zeros(len(b), x.dtype)
            for j in range(len(b)):
                z[j] = (x[n, t] * w_xh[:, j]).sum() + (h * w_hh[:, j]).sum() + b[j]
            h = np.tanh(z)
            out[n, t] = h
    return out
""",
]

forward = RIGHT["rnn_forward"][0]
WRONG["rnn_forward"] = {
    "state_not_carried": slip(forward, ("+ prev @ w_hh", "+ h0 @ w_hh")),
    "time_axis_first": slip(RIGHT["rnn_forward"][1], (", axis=1", "")),
    "transposed_recurrence": slip(forward, ("prev @ w_hh", "prev @ w_hh.T")),
    "last_state_only": slip(forward, ("return h\n", "return prev\n")),
    "changes_h0": slip(forward, ("prev = np.tanh(", "prev[:] = np.tanh(")),
    "last_state_everywhere": """
def rnn_forward(x, h0, w_xh, w_hh, b):
    h = h0.copy()
    states = []
    for t in range(x.shape[1]):
        h[:] = np.tanh(x[:, t] @ w_xh + h @ w_hh + b)
        states.append(h)
    return np.stack(states, axis=1)
""",
    "starts_at_zero": slip(forward, ("prev = h0", "prev = np.zeros_like(h0)")),
    "states_shifted": slip(RIGHT["rnn_forward"][1], ("states[1:]", "states")),
    "no_bias": slip(forward, (" + b", "")),
    "no_tanh": slip(forward, ("np.tanh", "")),
    "tanh_only_in_output": slip(forward, ("np.tanh", ""), ("h[:, t] = prev", "h[:, t] = np.tanh(prev)")),
    "dtype_lost": slip(forward, (", dtype=x.dtype", "")),
    "own_tanh_overflows": slip(
        forward,
        ("prev = np.tanh(", "z = ("),
        ("h[:, t] = prev", "prev = (np.exp(2 * z) - 1) / (np.exp(2 * z) + 1)\n        h[:, t] = prev"),
    ),
    "returns_two": slip(forward, ("return h\n", "return h, prev\n")),
    "returns_none": slip(forward, ("return h\n", "")),
    "backwards": slip(forward, ("range(T)", "reversed(range(T))")),
    "logistic": slip(forward, ("np.tanh(", "1 / (1 + np.exp(-("), ("+ b)", "+ b)))")),
}

# ------------------------------------------------------------------------------------------ backward

RIGHT["rnn_backward"] = [
    """
def rnn_backward(dh, x, h, h0, w_xh, w_hh):
    N, T, H = h.shape
    dx = np.zeros_like(x)
    dw_xh, dw_hh, db = np.zeros_like(w_xh), np.zeros_like(w_hh), np.zeros(H)
    carry = np.zeros_like(h0)
    for t in range(T - 1, -1, -1):
        total = dh[:, t] + carry
        dz = total * (1 - h[:, t] ** 2)
        prev = h[:, t - 1] if t > 0 else h0
        dx[:, t] = dz @ w_xh.T
        dw_xh += x[:, t].T @ dz
        dw_hh += prev.T @ dz
        db += dz.sum(axis=0)
        carry = dz @ w_hh.T
    return dx, carry, dw_xh, dw_hh, db
""",
    """
def rnn_backward(dh, x, h, h0, w_xh, w_hh):
    T = h.shape[1]
    zbar = [None] * T
    back = 0
    for t in range(T)[::-1]:
        zbar[t] = (dh[:, t] + back) * (1 - h[:, t]) * (1 + h[:, t])
        back = np.einsum("nh,gh->ng", zbar[t], w_hh)
    zbar = np.stack(zbar, axis=1)
    hs = np.concatenate([h0[:, None, :], h], axis=1)
    return (
        np.einsum("nth,dh->ntd", zbar, w_xh),
        back,
        np.einsum("nth,ntd->dh", zbar, x),
        np.einsum("ntg,nth->gh", hs[:, :-1], zbar),
        np.einsum("nth->h", zbar),
    )
""",
    """
import torch

def rnn_backward(dh, x, h, h0, w_xh, w_hh):
    t64 = lambda a: torch.tensor(np.asarray(a, dtype=np.float64))
    z1 = np.arctanh(h[:, 0].astype(np.float64))
    b = (z1 - x[:, 0] @ w_xh - h0 @ w_hh).mean(axis=0)
    leaves = [t64(a).requires_grad_() for a in (x, h0, w_xh, w_hh, b)]
    X, state, W, U, bias = leaves
    total = 0
    for t in range(x.shape[1]):
        state = torch.tanh(X[:, t] @ W + state @ U + bias)
        total = total + (state * t64(dh[:, t])).sum()
    total.backward()
    return tuple(leaf.grad.numpy() for leaf in leaves)
""",
    """
def rnn_backward(dh, x, h, h0, w_xh, w_hh):
    g = dh.copy()
    T = g.shape[1]
    slope = 1 - h * h
    for t in range(T - 1, 0, -1):
        g[:, t - 1] = g[:, t - 1] + (g[:, t] * slope[:, t]) @ w_hh.T
    dz = g * slope
    prev = np.roll(h, 1, axis=1)
    prev[:, 0] = h0
    flat = lambda a: a.reshape(-1, a.shape[-1])
    return dz @ w_xh.T, dz[:, 0] @ w_hh.T, flat(x).T @ flat(dz), flat(prev).T @ flat(dz), flat(dz).sum(0)
""",
]

backward = RIGHT["rnn_backward"][0]
WRONG["rnn_backward"] = {
    "no_gradient_through_time": slip(backward, ("dh[:, t] + carry", "dh[:, t]")),
    "only_last_step_upstream": slip(
        backward, ("total = dh[:, t] + carry", "total = dh[:, t] if t == T - 1 else carry")
    ),
    "current_state_for_recurrent_weight": slip(backward, ("prev.T @ dz", "h[:, t].T @ dz")),
    "tanh_slope_missing": slip(backward, (" * (1 - h[:, t] ** 2)", "")),
    "weights_overwritten": slip(backward, ("dw_xh +=", "dw_xh ="), ("dw_hh +=", "dw_hh ="), ("db +=", "db =")),
    "recurrent_not_transposed": slip(backward, ("dz @ w_hh.T", "dz @ w_hh")),
    "averaged": slip(backward, ("carry, dw_xh, dw_hh, db", "carry, dw_xh / N, dw_hh / N, db / N")),
    "initial_state_forgotten": slip(backward, ("dw_hh += prev.T @ dz", "if t > 0:\n            dw_hh += prev.T @ dz")),
    "gradient_stops_before_h0": slip(
        backward,
        ("return dx, carry", "return dx, total"),
    ),
    "slope_of_the_step_before": slip(
        backward,
        ("        dz = total * (1 - h[:, t] ** 2)\n", ""),
        ("else h0\n", "else h0\n        dz = total * (1 - prev ** 2)\n"),
    ),
    "upstream_overwritten": slip(RIGHT["rnn_backward"][3], ("g = dh.copy()", "g = dh")),
    "last_state_for_h0": slip(backward, ("h[:, t - 1] if t > 0 else h0", "h[:, t - 1]")),
    "carried_before_the_slope": slip(backward, ("carry = dz @ w_hh.T", "carry = total @ w_hh.T")),
    "loop_runs_forwards": slip(backward, ("range(T - 1, -1, -1)", "range(T)")),
    "four_results": slip(backward, ("return dx, carry, ", "return dx, ")),
    "sign": slip(backward, ("(1 - h[:, t] ** 2)", "(1 + h[:, t] ** 2)")),
    "weights_first": slip(backward, ("return dx, carry, dw_xh, dw_hh, db", "return dw_xh, dw_hh, db, dx, carry")),
    "no_input_transpose": slip(backward, ("x[:, t].T @ dz", "dz.T @ x[:, t]")),
}

# ------------------------------------------------------------------------------------------ clipping

RIGHT["clip_by_global_norm"] = [
    """
def clip_by_global_norm(grads, max_norm):
    total = 0.0
    for g in grads:
        total += float(np.sum(np.square(g, dtype=np.float64)))
    norm = total ** 0.5
    scale = min(1.0, max_norm / norm) if norm > 0 else 1.0
    return [g * scale for g in grads], norm
""",
    """
def clip_by_global_norm(grads, max_norm):
    if len(grads) == 0:
        return [], 0.0
    everything = np.concatenate([g.astype(np.float64).ravel() for g in grads])
    norm = np.linalg.norm(everything)
    if norm <= max_norm:
        return [g.copy() for g in grads], norm
    return [(g.astype(np.float64) * (max_norm / norm)).astype(g.dtype) for g in grads], norm
""",
    """
import math

def clip_by_global_norm(grads, max_norm):
    norm = math.sqrt(math.fsum(float(v) ** 2 for g in grads for v in g.ravel()))
    factor = max_norm / max(norm, max_norm)
    clipped = []
    for g in grads:
        new = np.empty_like(g)
        new[...] = g * factor
        clipped.append(new)
    return clipped, norm
""",
    """
import torch

def clip_by_global_norm(grads, max_norm):
    norm = float(np.sqrt(sum(np.linalg.norm(g.astype("float64")) ** 2 for g in grads)))
    params = [torch.nn.Parameter(torch.zeros(g.shape, dtype=torch.float64)) for g in grads]
    for p, g in zip(params, grads):
        p.grad = torch.tensor(g.astype("float64"))
    torch.nn.utils.clip_grad_norm_(params, max_norm)
    return [p.grad.numpy().astype(g.dtype) for p, g in zip(params, grads)], norm
""",
]

clip = RIGHT["clip_by_global_norm"][0]
WRONG["clip_by_global_norm"] = {
    "each_array_alone": """
def clip_by_global_norm(grads, max_norm):
    out, total = [], 0.0
    for g in grads:
        norm = float(np.linalg.norm(g.astype(np.float64)))
        total += norm ** 2
        out.append(g * (max_norm / norm) if norm > max_norm else g.copy())
    return out, total ** 0.5
""",
    "always_rescales": slip(clip, ("min(1.0, max_norm / norm)", "max_norm / norm")),
    "clips_values": slip(clip, ("[g * scale for g in grads]", "[np.clip(g, -max_norm, max_norm) for g in grads]")),
    "single_precision_overflow": slip(clip, (", dtype=np.float64", "")),
    "divides_by_zero": slip(clip, (" if norm > 0 else 1.0", "")),
    "norm_after_clipping": slip(clip, ("for g in grads], norm\n", "for g in grads], norm * scale\n")),
    "squared_norm": slip(clip, ("total ** 0.5", "total")),
    "sum_of_norms": slip(
        clip,
        ("float(np.sum(np.square(g, dtype=np.float64)))", "float(np.linalg.norm(g.astype(np.float64)))"),
        ("total ** 0.5", "total"),
    ),
    "divides_by_the_norm": slip(clip, ("min(1.0, max_norm / norm) if norm > 0", "1 / norm if norm > max_norm")),
    "dtypes_lost": slip(RIGHT["clip_by_global_norm"][1], (".astype(g.dtype)", "")),
    "changes_gradients": slip(
        clip, ("return [g * scale for g in grads], norm", "for g in grads:\n        g *= scale\n    return grads, norm")
    ),
    "empty_list_fails": slip(RIGHT["clip_by_global_norm"][1], ("len(grads) == 0", "grads is None")),
    "only_the_list": slip(clip, (", norm\n", "\n")),
    "norm_first": slip(clip, ("[g * scale for g in grads], norm", "norm, [g * scale for g in grads]")),
    "largest_entry": slip(clip, ("total ** 0.5", "max(float(np.abs(g).max()) for g in grads) if grads else 0.0")),
}

# ------------------------------------------------------------------------------------------ Jacobians

RIGHT["jacobian_norms"] = [
    """
def jacobian_norms(h, w_hh):
    T, H = h.shape
    J = np.eye(H)
    out = np.ones(T)
    for t in range(T - 2, -1, -1):
        J = J @ (np.diag(1 - h[t + 1] ** 2) @ w_hh.T)
        out[t] = np.linalg.svd(J, compute_uv=False)[0]
    return out
""",
    """
def jacobian_norms(h, w_hh):
    T = len(h)
    norms = []
    for t in range(T):
        M = np.eye(h.shape[1])
        for s in range(t + 1, T):
            M = M @ w_hh * (1 - h[s] ** 2)
        norms.append(np.sqrt(np.linalg.eigvalsh(M @ M.T)[-1]))
    return norms
""",
    """
def jacobian_norms(h, w_hh):
    P = np.identity(h.shape[1])
    norms = [np.linalg.norm(P, ord=2)]
    for state in h[:0:-1]:
        P = (w_hh * (1 - state ** 2)[None, :]) @ P
        norms.insert(0, np.linalg.norm(P, ord=2))
    return np.array(norms)
""",
    """
import torch

def jacobian_norms(h, w_hh):
    h, w = torch.tensor(h, dtype=torch.float64), torch.tensor(w_hh, dtype=torch.float64)
    J = torch.eye(len(w), dtype=torch.float64)
    found = [1.0]
    for t in range(len(h) - 1, 0, -1):
        step = torch.func.jacrev(lambda s: torch.tanh(torch.atanh(h[t]) + (s - h[t - 1]) @ w))(h[t - 1])
        J = J @ step
        found.append(torch.linalg.matrix_norm(J, 2).item())
    return np.array(found[::-1])
""",
]

jacobian = RIGHT["jacobian_norms"][0]
WRONG["jacobian_norms"] = {
    "slope_missing": slip(jacobian, ("np.diag(1 - h[t + 1] ** 2) @ ", "")),
    "weight_not_transposed": slip(jacobian, ("w_hh.T", "w_hh")),
    "earliest_leftmost": slip(
        jacobian, ("J @ (np.diag(1 - h[t + 1] ** 2) @ w_hh.T)", "(np.diag(1 - h[t + 1] ** 2) @ w_hh.T) @ J")
    ),
    "product_of_norms": """
def jacobian_norms(h, w_hh):
    out = np.ones(len(h))
    for t in range(len(h) - 2, -1, -1):
        J = np.diag(1 - h[t + 1] ** 2) @ w_hh.T
        out[t] = out[t + 1] * np.linalg.norm(J, 2)
    return out
""",
    "frobenius": slip(jacobian, ("np.linalg.svd(J, compute_uv=False)[0]", "np.linalg.norm(J)")),
    "shifted_by_one": slip(jacobian, ("range(T - 2, -1, -1)", "range(T - 1, -1, -1)"), ("h[t + 1]", "h[t]")),
    "other_way_round": slip(jacobian, ("return out\n", "return out[::-1]\n")),
    "from_the_first_step": """
def jacobian_norms(h, w_hh):
    J = np.eye(h.shape[1])
    norms = [1.0]
    for t in range(1, len(h)):
        J = np.diag(1 - h[t] ** 2) @ w_hh.T @ J
        norms.append(np.linalg.norm(J, 2))
    return np.array(norms)
""",
    "slope_of_the_step_before": slip(jacobian, ("h[t + 1]", "h[t]")),
    "spectral_radius": slip(jacobian, ("np.linalg.svd(J, compute_uv=False)[0]", "np.abs(np.linalg.eigvals(J)).max()")),
    "squared_singular_value": slip(
        jacobian, ("np.linalg.svd(J, compute_uv=False)[0]", "np.linalg.eigvalsh(J @ J.T)[-1]")
    ),
    "matrices": slip(jacobian, ("return out\n", "return J\n")),
    "smallest": slip(jacobian, ("[0]", "[-1]")),
}

# ------------------------------------------------------------------------------------------ LSTM

RIGHT["lstm_step"] = [
    """
def lstm_step(x, h, c, weight, bias):
    z = torch.cat([x, h], dim=1) @ weight.T + bias
    i, f, o, g = z.chunk(4, dim=1)
    c_new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    h_new = torch.sigmoid(o) * torch.tanh(c_new)
    return h_new, c_new
""",
    """
def lstm_step(x, h, c, weight, bias):
    D, H = x.shape[1], h.shape[1]
    z = x @ weight[:, :D].T + h @ weight[:, D:].T + bias[None, :]
    gate = lambda k: 0.5 * (1 + torch.tanh(z[:, k * H:(k + 1) * H] / 2))
    c_new = gate(1) * c + gate(0) * z[:, 3 * H:].tanh()
    return gate(2) * c_new.tanh(), c_new
""",
    """
def lstm_step(x, h, c, weight, bias):
    D, H = x.shape[1], h.shape[1]
    wi, wf, wo, wg = weight.split(H)
    bi, bf, bo, bg = bias.split(H)
    weight = torch.cat([wi, wf, wg, wo])
    bias = torch.cat([bi, bf, bg, bo])
    cell = torch.nn.LSTMCell(D, H).to(x.dtype)
    new = torch.func.functional_call(cell, {
        "weight_ih": weight[:, :D], "weight_hh": weight[:, D:], "bias_ih": bias, "bias_hh": torch.zeros_like(bias),
    }, (x, (h, c)))
    return new
""",
    """
import torch.nn.functional as F

def lstm_step(x, h, c, weight, bias):
    H = len(bias) // 4
    z = F.linear(torch.hstack((x, h)), weight, bias).view(len(x), 4, H)
    i, f, o = torch.sigmoid(z[:, :3]).unbind(dim=1)
    c = torch.addcmul(f * c, i, torch.tanh(z[:, 3]))
    return [o * torch.tanh(c), c]
""",
]

lstm = RIGHT["lstm_step"][0]
WRONG["lstm_step"] = {
    "pytorch_gate_order": slip(lstm, ("i, f, o, g = z", "i, f, g, o = z")),
    "input_and_state_swapped": slip(lstm, ("[x, h]", "[h, x]")),
    "output_without_tanh": slip(lstm, ("* torch.tanh(c_new)", "* c_new")),
    "old_cell_in_output": slip(lstm, ("torch.tanh(c_new)", "torch.tanh(c)")),
    "naive_sigmoid_overflow": slip(
        lstm,
        ("    z = ", "    sigmoid = lambda z: torch.exp(z) / (1 + torch.exp(z))\n    z = "),
        ("torch.sigmoid(", "sigmoid("),
    ),
    "cell_detached": slip(lstm, ("torch.sigmoid(f) * c ", "torch.sigmoid(f) * c.detach() ")),
    "nothing_flows_back": slip(lstm, ("return h_new, c_new", "return h_new.detach(), c_new.detach()")),
    "weights_detached": slip(lstm, ("weight.T + bias", "weight.data.T + bias.data")),
    "states_exchanged": slip(lstm, ("return h_new, c_new", "return c_new, h_new")),
    "candidate_without_tanh": slip(lstm, ("torch.tanh(g)", "g")),
    "candidate_through_sigmoid": slip(lstm, ("torch.tanh(g)", "torch.sigmoid(g)")),
    "bias_forgotten": slip(lstm, (" + bias", "")),
    "forgets_by_one_minus": slip(lstm, ("torch.sigmoid(f)", "(1 - torch.sigmoid(i))")),
    "only_h": slip(lstm, ("return h_new, c_new", "return h_new")),
    "numpy": slip(lstm, ("return h_new, c_new", "return h_new.detach().numpy(), c_new.detach().numpy()")),
    "gates_linear": slip(lstm, ("torch.sigmoid(", "(")),
}

# ------------------------------------------------------------------------------------------ ragged batches

RIGHT["masked_nll"] = [
    """
def masked_nll(logits, targets, lengths):
    mask = torch.arange(targets.shape[1])[None, :] < lengths[:, None]
    if not mask.any():
        return logits.new_zeros(())
    return torch.nn.functional.cross_entropy(logits[mask], targets[mask])
""",
    """
def masked_nll(logits, targets, lengths):
    N, T, V = logits.shape
    mask = torch.arange(T).expand(N, T) < lengths.unsqueeze(1)
    logits = torch.where(mask[:, :, None], logits, torch.zeros_like(logits))
    targets = torch.where(mask, targets, torch.zeros_like(targets))
    nll = -logits.log_softmax(-1).gather(-1, targets[:, :, None]).squeeze(-1)
    return (nll * mask).sum() / mask.sum().clamp(min=1)
""",
    """
def masked_nll(logits, targets, lengths):
    total, count = 0.0, 0
    for n in range(len(lengths)):
        for t in range(int(lengths[n])):
            z = logits[n, t]
            total = total + torch.logsumexp(z, dim=0) - z[targets[n, t]]
            count += 1
    return total / count if count else torch.tensor(0.0, dtype=logits.dtype)
""",
    """
import torch.nn.functional as F

def masked_nll(logits, targets, lengths):
    T, V = logits.shape[1:]
    pad = torch.arange(T) >= lengths.view(-1, 1)
    safe = logits.masked_fill(pad.unsqueeze(-1), 0.0)
    loss = F.cross_entropy(safe.reshape(-1, V), targets.masked_fill(pad, -100).reshape(-1), ignore_index=-100, reduction="sum")
    return loss / max(1, int(lengths.sum()))
""",
]

masked = RIGHT["masked_nll"][1]
WRONG["masked_nll"] = {
    "averages_over_padding": slip(masked, ("mask.sum().clamp(min=1)", "(N * T)")),
    "mean_of_sequence_means": slip(
        masked,
        ("(nll * mask).sum() / mask.sum().clamp(min=1)", "((nll * mask).sum(1) / mask.sum(1).clamp(min=1)).mean()"),
    ),
    "ignores_lengths": """
def masked_nll(logits, targets, lengths):
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
""",
    "nan_times_zero": """
def masked_nll(logits, targets, lengths):
    mask = torch.arange(targets.shape[1])[None, :] < lengths[:, None]
    V = logits.shape[2]
    losses = torch.nn.functional.cross_entropy(logits.reshape(-1, V), targets.clamp(0, V - 1).reshape(-1), reduction="none")
    return (losses * mask.reshape(-1)).sum() / mask.sum().clamp(min=1)
""",
    "gradient_of_what_was_dropped": """
def masked_nll(logits, targets, lengths):
    mask = torch.arange(targets.shape[1])[None, :] < lengths[:, None]
    safe = torch.where(mask, targets, 0)
    losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), safe, reduction="none")
    return torch.where(mask, losses, 0).sum() / mask.sum().clamp(min=1)
""",
    "padded_targets_looked_up": slip(
        masked, ("    targets = torch.where(mask, targets, torch.zeros_like(targets))\n", "")
    ),
    "empty_batch_nan": slip(masked, (".clamp(min=1)", "")),
    "off_by_one_length": slip(masked, ("< lengths", "<= lengths")),
    "last_token_lost": slip(masked, ("< lengths.unsqueeze(1)", "< lengths.unsqueeze(1) - 1")),
    "divided_by_sequences": slip(masked, ("mask.sum().clamp(min=1)", "N")),
    "sum_not_mean": slip(masked, (" / mask.sum().clamp(min=1)", "")),
    "loss_detached": slip(
        masked,
        (
            "return (nll * mask).sum() / mask.sum().clamp(min=1)",
            "return torch.tensor(((nll * mask).sum() / mask.sum().clamp(min=1)).item())",
        ),
    ),
    "overflows": slip(
        masked,
        (
            "-logits.log_softmax(-1).gather(-1, targets[:, :, None]).squeeze(-1)",
            "-torch.log(logits.softmax(-1).gather(-1, targets[:, :, None]).squeeze(-1))",
        ),
    ),
    "a_number": slip(
        masked,
        (
            "return (nll * mask).sum() / mask.sum().clamp(min=1)",
            "return float((nll * mask).sum() / mask.sum().clamp(min=1))",
        ),
    ),
    "positive_log": slip(masked, ("nll = -logits", "nll = logits")),
    "in_bits": slip(masked, ("return (nll", "return 1.442695 * (nll")),
    "each_token": slip(masked, ("return (nll * mask).sum() / mask.sum().clamp(min=1)", "return nll * mask")),
}

# ------------------------------------------------------------------------------------------ sampling

RIGHT["sample_token"] = [
    """
def sample_token(logits, temperature, top_k, u):
    if temperature < 0:
        raise ValueError("temperature must not be negative")
    if top_k is not None and top_k < 1:
        raise ValueError("top_k must be at least 1")
    logits = np.array(logits, dtype=np.float64)
    if temperature == 0:
        return int(np.argmax(logits))
    V = len(logits)
    k = V if top_k is None else min(top_k, V)
    keep = np.argsort(-logits, kind="stable")[:k]
    z = np.full(V, -np.inf)
    z[keep] = logits[keep] / temperature
    p = np.exp(z - z.max())
    p = p / p.sum()
    cumulative = np.cumsum(p)
    index = int(np.searchsorted(cumulative, u, side="right"))
    if index >= V or p[index] == 0:
        index = int(np.flatnonzero(p)[-1])
    return index
""",
    """
import math

def sample_token(logits, temperature, top_k, u):
    if temperature < 0 or (top_k is not None and top_k < 1):
        raise ValueError("bad temperature or top_k")
    values = [float(v) for v in logits]
    order = sorted(range(len(values)), key=lambda j: (-values[j], j))
    if temperature == 0:
        return order[0]
    kept = sorted(order[:top_k] if top_k else order)
    top = max(values)
    weights = {j: math.exp((values[j] - top) / temperature) for j in kept}
    total = math.fsum(weights.values())
    running, last = 0.0, kept[0]
    for j in kept:
        if weights[j] > 0:
            last = j
        running += weights[j] / total
        if running > u:
            return j
    return last
""",
    """
import torch

def sample_token(logits, temperature, top_k, u):
    if temperature < 0 or top_k is not None and top_k <= 0:
        raise ValueError
    logits = torch.tensor(np.asarray(logits, dtype=np.float64))
    if temperature == 0:
        return logits.argmax().item()
    values, order = torch.sort(logits, descending=True, stable=True)
    masked = torch.full_like(logits, -torch.inf)
    order = order[:top_k]
    masked[order] = logits[order]
    p = torch.softmax(masked / temperature, dim=0)
    hit = (torch.cumsum(p, 0) > u) & (p > 0)
    return int(hit.nonzero()[0]) if hit.any() else int(p.nonzero()[-1])
""",
]

sample = RIGHT["sample_token"][0]
WRONG["sample_token"] = {
    "multiplies_by_temperature": slip(sample, ("logits[keep] / temperature", "logits[keep] * temperature")),
    "overflows": slip(
        sample,
        ("np.exp(z - z.max())", "np.exp(z)"),
        ("p[index] == 0", "not p[index] > 0"),
        ("int(np.flatnonzero(p)[-1])", "int(keep.max())"),
    ),
    "divides_by_zero": slip(sample, ("    if temperature == 0:\n        return int(np.argmax(logits))\n", "")),
    "not_renormalised": """
def sample_token(logits, temperature, top_k, u):
    if temperature < 0 or (top_k is not None and top_k < 1):
        raise ValueError("no")
    logits = np.asarray(logits, dtype=float)
    if temperature == 0:
        return int(logits.argmax())
    p = np.exp((logits - logits.max()) / temperature)
    p /= p.sum()
    k = len(p) if top_k is None else top_k
    p[np.argsort(-logits, kind="stable")[k:]] = 0
    return min(int(np.searchsorted(np.cumsum(p), u, side="right")), int(np.flatnonzero(p)[-1]))
""",
    "falls_off_the_end": """
def sample_token(logits, temperature, top_k, u):
    if temperature < 0 or (top_k is not None and top_k < 1):
        raise ValueError("no")
    logits = np.asarray(logits, dtype=float)
    if temperature == 0:
        return int(logits.argmax())
    keep = np.sort(np.argsort(-logits, kind="stable")[:top_k])
    p = np.exp((logits[keep] - logits.max()) / temperature)
    p = p / (p.sum() * (1 + 1e-15))
    return int(keep[np.searchsorted(np.cumsum(p), u, side="right")])
""",
    "not_kept_at_the_end": slip(
        sample,
        ("    if index >= V or p[index] == 0:\n        index = int(np.flatnonzero(p)[-1])\n", ""),
        ("return index", "return min(index, V - 1)"),
    ),
    "walks_in_probability_order": """
def sample_token(logits, temperature, top_k, u):
    if temperature < 0 or (top_k is not None and top_k < 1):
        raise ValueError("no")
    logits = np.asarray(logits, dtype=float)
    if temperature == 0:
        return int(logits.argmax())
    keep = np.argsort(-logits, kind="stable")[:top_k]
    p = np.exp((logits[keep] - logits.max()) / temperature)
    p /= p.sum()
    return int(keep[min(np.searchsorted(np.cumsum(p), u, side="right"), len(keep) - 1)])
""",
    "picks_impossible_token": slip(sample, ('side="right"', 'side="left"'), (" or p[index] == 0", "")),
    "temperature_ignored": slip(sample, ("logits[keep] / temperature", "logits[keep]")),
    "top_k_ignored": slip(sample, ("V if top_k is None else min(top_k, V)", "V")),
    "place_among_the_kept": """
def sample_token(logits, temperature, top_k, u):
    if temperature < 0 or (top_k is not None and top_k < 1):
        raise ValueError("no")
    logits = np.asarray(logits, dtype=float)
    if temperature == 0:
        return int(logits.argmax())
    keep = np.sort(np.argsort(-logits, kind="stable")[:top_k])
    p = np.exp((logits[keep] - logits.max()) / temperature)
    cumulative = np.cumsum(p) / p.sum()
    place = np.searchsorted(cumulative, u, side="right")
    return int(min(place, np.flatnonzero(p)[-1]))
""",
    "always_the_largest": slip(sample, ("return index\n", "return int(np.argmax(p))\n")),
    "keeps_the_smallest": slip(sample, ("np.argsort(-logits", "np.argsort(logits")),
    "divides_after_the_softmax": slip(
        sample, ("logits[keep] / temperature", "logits[keep]"), ("p = p / p.sum()", "p = p / p.sum() / temperature")
    ),
    "ties_all_kept": slip(
        sample,
        ('keep = np.argsort(-logits, kind="stable")[:k]', "keep = logits >= np.sort(logits)[-k]"),
    ),
    "ties_higher_index": slip(
        sample, ('np.argsort(-logits, kind="stable")[:k]', 'np.argsort(logits, kind="stable")[::-1][:k]')
    ),
    "bad_input_accepted": slip(
        sample,
        ('    if temperature < 0:\n        raise ValueError("temperature must not be negative")\n', ""),
        ('    if top_k is not None and top_k < 1:\n        raise ValueError("top_k must be at least 1")\n', ""),
    ),
    "own_randomness": slip(sample, ("cumulative, u,", "cumulative, np.random.default_rng(3).random(),")),
    "probabilities": slip(sample, ("return index\n", "return p\n")),
    "gumbel": slip(
        sample, ("return index\n", "return int(np.argmax(z + np.random.default_rng(int(1e6 * u)).gumbel(size=V)))\n")
    ),
    "assertion": slip(
        sample,
        ('raise ValueError("top_k', 'raise AssertionError("top_k'),
        ('raise ValueError("temp', 'raise AssertionError("temp'),
    ),
}

# ------------------------------------------------------------------------------------------ a character model

RIGHT["train_char_lm"] = [
    """
class CharModel(torch.nn.Module):
    def __init__(self, V, E=48, H=112):
        super().__init__()
        self.emb = torch.nn.Embedding(V, E)
        self.rnn = torch.nn.LSTM(E, H, batch_first=True)
        self.out = torch.nn.Linear(H, V)

    def forward(self, ids):
        h, _ = self.rnn(self.emb(ids))
        return self.out(h)

def train_char_lm(ids, vocab_size, seed=0):
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    model = CharModel(vocab_size)
    opt = torch.optim.Adam(model.parameters(), lr=0.02)
    B, T, steps = 24, 32, 190
    for step in range(steps):
        start = torch.randint(0, len(ids) - T - 1, (B, 1))
        batch = ids[start + torch.arange(T + 1)]
        logits = model(batch[:, :-1])
        loss = torch.nn.functional.cross_entropy(logits.reshape(-1, vocab_size), batch[:, 1:].reshape(-1))
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
    model.eval()
    return model
""",
    """
class NGrams(torch.nn.Module):
    # counting is learning, too: the last one, two and three characters, mixed
    def __init__(self, ids, V):
        super().__init__()
        self.V, self.tables = V, []
        self.common = (torch.bincount(ids, minlength=V) + 1.0) / (len(ids) + V)
        for n in (1, 2, 3):
            keys = sum(ids[n - 1 - j : len(ids) - 1 - j] * V ** j for j in range(n))
            known, place = torch.unique(keys, return_inverse=True)
            counts = torch.bincount(place * V + ids[n:], minlength=len(known) * V).view(-1, V).float()
            self.tables.append((known, counts))

    def forward(self, x):
        p = self.common.expand(*x.shape, self.V)
        key = torch.zeros_like(x)
        for n, (known, counts) in enumerate(self.tables, 1):
            key = key + torch.nn.functional.pad(x, (n - 1, 0))[:, : x.shape[1]] * self.V ** (n - 1)
            place = torch.searchsorted(known, key).clamp(max=len(known) - 1)
            seen = (known[place] == key) & (torch.arange(x.shape[1]) >= n - 1)
            c = counts[place] * seen[..., None]
            kinds = (c > 0).sum(dim=-1, keepdim=True)
            p = (c + (kinds + 1e-3) * p) / (c.sum(dim=-1, keepdim=True) + kinds + 1e-3)
        return p.log()

def train_char_lm(ids, vocab_size, seed=0):
    return NGrams(ids, vocab_size).eval()
""",
    """
import torch.nn as nn
import torch.nn.functional as F

class Causal(nn.Module):
    def __init__(self, V):
        super().__init__()
        self.emb = nn.Embedding(V, 32)
        self.conv = nn.Conv1d(32, 160, 5)
        self.out = nn.Linear(160, V)

    def forward(self, ids):
        x = F.pad(self.emb(ids).transpose(1, 2), (4, 0))
        return self.out(F.relu(self.conv(x)).transpose(1, 2))

def train_char_lm(ids, vocab_size, seed=0):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    net = Causal(vocab_size)
    opt = torch.optim.Adam(net.parameters(), lr=0.01)
    for step in range(180):
        i = torch.randint(len(ids) - 33, (32,))
        w = torch.stack([ids[s : s + 33] for s in i.tolist()])
        opt.zero_grad()
        F.cross_entropy(net(w[:, :-1]).transpose(1, 2), w[:, 1:]).backward()
        opt.step()
    return net.eval()
""",
]

train = RIGHT["train_char_lm"][0]
short = ("steps = 24, 32, 190", "steps = 16, 16, 50")
first = ("steps = 24, 32, 190", "steps = 4, 8, 3")
WRONG["train_char_lm"] = {
    "looks_both_ways": slip(
        train,
        first,
        ("batch_first=True)", "batch_first=True, bidirectional=True)"),
        ("Linear(H, V)", "Linear(2 * H, V)"),
    ),
    "targets_not_shifted": slip(train, short, ("batch[:, 1:].reshape(-1)", "batch[:, :-1].reshape(-1)")),
    "no_memory": slip(
        train,
        short,
        ("self.rnn = torch.nn.LSTM(E, H, batch_first=True)", "self.rnn = torch.nn.Linear(E, H)"),
        ("h, _ = self.rnn(self.emb(ids))", "h = torch.tanh(self.rnn(self.emb(ids)))"),
    ),
    "returns_probabilities": slip(train, first, ("return self.out(h)", "return self.out(h).softmax(dim=-1)")),
    "time_and_batch_swapped": slip(train, first, (", batch_first=True", "")),
    "learning_rate_explodes": slip(
        train, short, ("lr=0.02", "lr=3.0"), ("        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n", "")
    ),
    "stopped_too_early": slip(train, ("steps = 24, 32, 190", "steps = 32, 32, 25")),
    "not_repeatable": slip(
        train,
        first,
        ("    model.eval()\n", ""),
        (
            "h, _ = self.rnn(self.emb(ids))",
            "h, _ = self.rnn(torch.nn.functional.dropout(self.emb(ids), 0.2, self.training))",
        ),
    ),
    "last_position_only": slip(
        train,
        first,
        ("return self.out(h)", "return self.out(h[:, -1:])"),
        ("batch[:, 1:].reshape(-1)", "batch[:, -1:].reshape(-1)"),
    ),
    "returns_the_loss": slip(train, first, ("return model\n", "return loss\n")),
    "returns_nothing": slip(train, first, ("    return model\n", "")),
    "hidden_returned_too": slip(
        train,
        first,
        ("return self.out(h)", "return self.out(h), h"),
        ("logits = model(batch[:, :-1])", "logits, _ = model(batch[:, :-1])"),
    ),
    "fixed_length": slip(train, first, ("return self.out(h)", "return self.out(h)[:, :32]")),
}

for answers in (RIGHT, WRONG):
    for name in ("lstm_step", "masked_nll", "train_char_lm"):
        kept = answers[name]
        for key, source in enumerate(kept) if isinstance(kept, list) else list(kept.items()):
            kept[key] = source if "import torch\n" in source else f"import torch\n{source}"
