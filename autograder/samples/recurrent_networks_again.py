"""Lecture 12 once more: two further right answers each, and every catalogued mistake in another form."""

from autograder.samples.recurrent_networks import slip

RIGHT = {}
WRONG = {}

# ------------------------------------------------------------------------------------------ forward

RIGHT["rnn_forward"] = [
    """
def rnn_forward(x, h0, w_xh, w_hh, b):
    states = np.tensordot(x, w_xh, axes=1) + b
    last = h0
    for t in range(states.shape[1]):
        states[:, t] += np.matmul(last, w_hh)
        states[:, t] = np.tanh(states[:, t])
        last = states[:, t]
    return states
""",
    """
def rnn_forward(x, h0, w_xh, w_hh, b):
    both = np.vstack([w_xh, w_hh])
    def run(h, t):
        if t == x.shape[1]:
            return []
        h = np.tanh(np.hstack([x[:, t], h]) @ both + b)
        return [h] + run(h, t + 1)
    return np.array(run(h0, 0)).transpose(1, 0, 2)
""",
]

forward = RIGHT["rnn_forward"][0]
other = RIGHT["rnn_forward"][1]
WRONG["rnn_forward"] = {
    "state_not_carried": slip(forward, ("last = states[:, t]", "last = last")),
    "time_axis_first": """
def rnn_forward(x, h0, w_xh, w_hh, b):
    h, out = h0, []
    for x_t in x:
        h = np.tanh(x_t @ w_xh + h @ w_hh + b)
        out.append(h)
    return np.array(out)
""",
    "transposed_recurrence": slip(forward, ("np.matmul(last, w_hh)", "(w_hh @ last.T).T")),
    "last_state_only": slip(forward, ("return states\n", "return states[:, -1]\n")),
    "changes_h0": """
def rnn_forward(x, h0, w_xh, w_hh, b):
    out = np.zeros((x.shape[0], x.shape[1], h0.shape[1]), dtype=x.dtype)
    h = h0
    for t in range(x.shape[1]):
        np.tanh(x[:, t] @ w_xh + h @ w_hh + b, out=h)
        out[:, t] = h
    return out
""",
    "last_state_everywhere": slip(
        other,
        (
            "return np.array(run(h0, 0)).transpose(1, 0, 2)",
            "last = run(h0, 0)[-1]\n    return np.repeat(last[:, None], x.shape[1], axis=1)",
        ),
    ),
    "starts_at_zero": slip(other, ("run(h0, 0)", "run(np.zeros(h0.shape, h0.dtype), 0)")),
    "states_shifted": slip(
        other,
        ("return [h] + run(h, t + 1)", "return [old] + run(h, t + 1)"),
        ("        h = np", "        old = h\n        h = np"),
    ),
    "no_bias": slip(other, ("@ both + b", "@ both")),
    "no_tanh": slip(forward, ("        states[:, t] = np.tanh(states[:, t])\n", "")),
    "tanh_only_in_output": slip(
        forward, ("        states[:, t] = np.tanh(states[:, t])\n", ""), ("return states\n", "return np.tanh(states)\n")
    ),
    "dtype_lost": slip(forward, ("+ b\n", "+ b\n    states = states.astype(float)\n")),
    "own_tanh_overflows": slip(
        forward,
        (
            "states[:, t] = np.tanh(states[:, t])",
            "e = np.exp(-2 * states[:, t])\n        states[:, t] = (1 - e) / (1 + e)",
        ),
    ),
}

# ------------------------------------------------------------------------------------------ backward

RIGHT["rnn_backward"] = [
    """
def rnn_backward(dh, x, h, h0, w_xh, w_hh):
    def back(t):
        # gradient of z_t, with all that comes later
        total = dh[:, t]
        if t + 1 < h.shape[1]:
            later = back(t + 1)
            total = total + later[0] @ w_hh.T
        else:
            later = []
        return [total * (1 - np.square(h[:, t]))] + later
    dzs = back(0)
    dw_xh = sum(x[:, t].T @ dz for t, dz in enumerate(dzs))
    dw_hh = sum((h[:, t - 1] if t else h0).T @ dz for t, dz in enumerate(dzs))
    dx = np.stack([dz @ w_xh.T for dz in dzs], axis=1)
    return dx, dzs[0] @ w_hh.T, dw_xh, dw_hh, sum(dz.sum(axis=0) for dz in dzs)
""",
    """
def rnn_backward(dh, x, h, h0, w_xh, w_hh):
    N, T, H = h.shape
    D = x.shape[2]
    dx, dh0 = np.zeros((N, T, D)), np.zeros((N, H))
    dw_xh, dw_hh, db = np.zeros((D, H)), np.zeros((H, H)), np.zeros(H)
    for n in range(N):
        hbar = np.zeros(H)
        for t in reversed(range(T)):
            hbar = hbar + dh[n, t]
            zbar = hbar * (1 - h[n, t] ** 2)
            db += zbar
            dw_xh += np.outer(x[n, t], zbar)
            dw_hh += np.outer(h[n, t - 1] if t >= 1 else h0[n], zbar)
            dx[n, t] = w_xh @ zbar
            hbar = w_hh @ zbar
        dh0[n] = hbar
    return dx, dh0, dw_xh, dw_hh, db
""",
]

backward = RIGHT["rnn_backward"][1]
other = RIGHT["rnn_backward"][0]
WRONG["rnn_backward"] = {
    "no_gradient_through_time": """
def rnn_backward(dh, x, h, h0, w_xh, w_hh):
    dz = dh * (1 - h ** 2)
    prev = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
    return (dz @ w_xh.T, dz[:, 0] @ w_hh.T, np.einsum("ntd,nth->dh", x, dz),
            np.einsum("ntg,nth->gh", prev, dz), dz.sum(axis=(0, 1)))
""",
    "only_last_step_upstream": slip(
        backward, ("hbar = np.zeros(H)", "hbar = dh[n, -1]"), ("            hbar = hbar + dh[n, t]\n", "")
    ),
    "current_state_for_recurrent_weight": slip(backward, ("h[n, t - 1] if t >= 1 else h0[n]", "h[n, t]")),
    "tanh_slope_missing": slip(other, (" * (1 - np.square(h[:, t]))", "")),
    "weights_overwritten": slip(
        other,
        ("sum(x[:, t].T @ dz for t, dz in enumerate(dzs))", "x[:, -1].T @ dzs[-1]"),
        (
            "sum((h[:, t - 1] if t else h0).T @ dz for t, dz in enumerate(dzs))",
            "(h[:, -2] if len(dzs) > 1 else h0).T @ dzs[-1]",
        ),
        ("sum(dz.sum(axis=0) for dz in dzs)", "dzs[-1].sum(axis=0)"),
    ),
    "recurrent_not_transposed": slip(backward, ("w_hh @ zbar", "w_hh.T @ zbar")),
    "averaged": slip(
        backward, ("return dx, dh0, dw_xh, dw_hh, db", "m = N * T\n    return dx, dh0, dw_xh / m, dw_hh / m, db / m")
    ),
    "initial_state_forgotten": slip(backward, ("else h0[n]", "else np.zeros(H)")),
    "gradient_stops_before_h0": slip(other, ("return dx, dzs[0] @ w_hh.T", "return dx, dzs[0]")),
    "slope_of_the_step_before": slip(backward, ("(1 - h[n, t] ** 2)", "(1 - (h[n, t - 1] if t >= 1 else h0[n]) ** 2)")),
    "last_state_for_h0": """
def rnn_backward(dh, x, h, h0, w_xh, w_hh):
    T = h.shape[1]
    dz, later = 0 * h, 0
    for t in range(T)[::-1]:
        dz[:, t] = (1 - h[:, t] ** 2) * (dh[:, t] + later)
        later = dz[:, t] @ w_hh.T
    dw_hh = sum(h[:, t - 1].T @ dz[:, t] for t in range(T))
    return dz @ w_xh.T, later, np.einsum("ntd,nth->dh", x, dz), dw_hh, dz.sum(axis=(0, 1))
""",
    "carried_before_the_slope": """
def rnn_backward(dh, x, h, h0, w_xh, w_hh):
    hbar = dh.copy()
    for t in range(h.shape[1] - 1, 0, -1):
        hbar[:, t - 1] += hbar[:, t] @ w_hh.T
    dz = hbar * (1 - h ** 2)
    prev = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
    return (dz @ w_xh.T, hbar[:, 0] @ w_hh.T, np.einsum("ntd,nth->dh", x, dz),
            np.einsum("ntg,nth->gh", prev, dz), dz.sum(axis=(0, 1)))
""",
    "loop_runs_forwards": """
def rnn_backward(dh, x, h, h0, w_xh, w_hh):
    back, dzs = 0, []
    for t in range(h.shape[1]):
        dzs.append((dh[:, t] + back) * (1 - h[:, t] ** 2))
        back = dzs[-1] @ w_hh.T
    dz = np.stack(dzs, axis=1)
    prev = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
    return (dz @ w_xh.T, back, np.einsum("ntd,nth->dh", x, dz),
            np.einsum("ntg,nth->gh", prev, dz), dz.sum(axis=(0, 1)))
""",
    "upstream_overwritten": """
def rnn_backward(dh, x, h, h0, w_xh, w_hh):
    T = h.shape[1]
    slope = 1 - h ** 2
    dh *= slope
    for t in range(T - 2, -1, -1):
        dh[:, t] += slope[:, t] * (dh[:, t + 1] @ w_hh.T)
    prev = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
    return (dh @ w_xh.T, dh[:, 0] @ w_hh.T, np.einsum("ntd,nth->dh", x, dh),
            np.einsum("ntg,nth->gh", prev, dh), dh.sum(axis=(0, 1)))
""",
}

# ------------------------------------------------------------------------------------------ clipping

RIGHT["clip_by_global_norm"] = [
    """
def clip_by_global_norm(grads, max_norm):
    norm = np.linalg.norm([np.linalg.norm(g.astype(np.float64)) for g in grads]) if grads else 0.0
    if norm > max_norm:
        return [np.asarray(g * float(max_norm / norm), dtype=g.dtype) for g in grads], float(norm)
    return [1 * g for g in grads], float(norm)
""",
    """
def clip_by_global_norm(grads, max_norm):
    squares = 0.0
    for g in grads:
        g = np.asarray(g, dtype=np.float64)
        squares = squares + np.vdot(g, g)
    norm = np.sqrt(squares)
    factor = np.minimum(1.0, max_norm / (norm + 1e-300))
    return [(g * factor).astype(g.dtype) for g in grads], norm
""",
]

clip = RIGHT["clip_by_global_norm"][1]
WRONG["clip_by_global_norm"] = {
    "each_array_alone": """
def clip_by_global_norm(grads, max_norm):
    norms = [np.linalg.norm(g.astype(np.float64)) for g in grads]
    clipped = [(g * min(1.0, max_norm / max(n, 1e-300))).astype(g.dtype) for g, n in zip(grads, norms)]
    return clipped, float(np.sqrt(sum(n ** 2 for n in norms)))
""",
    "always_rescales": slip(
        clip, ("np.minimum(1.0, max_norm / (norm + 1e-300))", "max_norm / (norm if norm > 0 else 1.0)")
    ),
    "clips_values": slip(
        clip, ("(g * factor).astype(g.dtype)", "np.minimum(np.maximum(g, -max_norm), max_norm).astype(g.dtype)")
    ),
    "single_precision_overflow": """
def clip_by_global_norm(grads, max_norm):
    norm = np.sqrt(sum(np.linalg.norm(g) ** 2 for g in grads))
    if norm <= max_norm:
        return [g.copy() for g in grads], float(norm)
    return [(g * (max_norm / norm)).astype(g.dtype) for g in grads], float(norm)
""",
    "divides_by_zero": slip(clip, ("(g * factor)", "(g.astype(float) / norm * min(norm, max_norm))")),
    "norm_after_clipping": slip(clip, ("for g in grads], norm\n", "for g in grads], min(norm, max_norm)\n")),
    "squared_norm": slip(clip, ("for g in grads], norm\n", "for g in grads], squares\n")),
    "sum_of_norms": slip(clip, ("np.vdot(g, g)", "np.sqrt(np.vdot(g, g))"), ("np.sqrt(squares)", "squares")),
    "divides_by_the_norm": slip(
        clip, ("np.minimum(1.0, max_norm / (norm + 1e-300))", "1.0 if norm <= max_norm else 1 / norm")
    ),
    "dtypes_lost": slip(clip, ("(g * factor).astype(g.dtype)", "g * factor")),
    "changes_gradients": slip(
        clip,
        ("    return [(g", "    for g in grads:\n        g[...] = g * factor\n    return [(g"),
        ("(g * factor)", "g"),
    ),
    "empty_list_fails": """
def clip_by_global_norm(grads, max_norm):
    flat = np.concatenate([g.reshape(-1).astype(np.float64) for g in grads])
    norm = np.sqrt((flat ** 2).sum())
    scale = max_norm / max(norm, max_norm)
    return [(g * scale).astype(g.dtype) for g in grads], norm
""",
}

# ------------------------------------------------------------------------------------------ Jacobians

RIGHT["jacobian_norms"] = [
    """
def jacobian_norms(h, w_hh):
    steps = [(1 - s[:, None] ** 2) * w_hh.T for s in h]
    T = len(h)
    norms = np.zeros(T)
    for t in range(T):
        product = np.eye(len(w_hh))
        for step in steps[t + 1:]:
            product = step @ product
        norms[t] = np.linalg.norm(product, 2)
    return norms
""",
    """
def jacobian_norms(h, w_hh):
    def go(t, J):
        if t == 0:
            return [np.linalg.svd(J)[1].max()]
        return go(t - 1, np.einsum("ij,j,kj->ik", J, 1 - h[t] ** 2, w_hh)) + [np.linalg.svd(J)[1].max()]
    return np.array(go(len(h) - 1, np.eye(h.shape[1])))
""",
]

jacobian = RIGHT["jacobian_norms"][0]
WRONG["jacobian_norms"] = {
    "slope_missing": """
def jacobian_norms(h, w_hh):
    T = len(h)
    return np.array([np.linalg.norm(np.linalg.matrix_power(w_hh, T - 1 - t), 2) for t in range(T)])
""",
    "weight_not_transposed": slip(jacobian, ("(1 - s[:, None] ** 2) * w_hh.T", "(1 - s[None, :] ** 2) * w_hh.T")),
    "earliest_leftmost": slip(jacobian, ("product = step @ product", "product = product @ step")),
    "product_of_norms": slip(jacobian, ("product = step @ product", "product = product * np.linalg.norm(step, 2)")),
    "frobenius": slip(jacobian, ("np.linalg.norm(product, 2)", "np.sqrt((product ** 2).sum())")),
    "shifted_by_one": slip(jacobian, ("steps[t + 1:]", "steps[t:]")),
    "other_way_round": slip(jacobian, ("norms[t] =", "norms[T - 1 - t] =")),
    "from_the_first_step": slip(jacobian, ("steps[t + 1:]", "steps[1:t + 1]")),
    "slope_of_the_step_before": slip(jacobian, ("steps[t + 1:]", "steps[t:-1]")),
    "spectral_radius": slip(jacobian, ("np.linalg.norm(product, 2)", "max(abs(np.linalg.eig(product)[0]))")),
    "squared_singular_value": slip(
        jacobian, ("np.linalg.norm(product, 2)", "np.linalg.eigvalsh(product.T @ product).max()")
    ),
}

# ------------------------------------------------------------------------------------------ LSTM

RIGHT["lstm_step"] = [
    """
import torch

def lstm_step(x, h, c, weight, bias):
    N, H = h.shape
    inputs = torch.cat((x, h), 1)
    z = torch.einsum("nd,kd->nk", inputs, weight) + bias
    zi, zf, zo, zg = z[:, :H], z[:, H:2 * H], z[:, 2 * H:3 * H], z[:, 3 * H:]
    cell = torch.sigmoid(zf).mul(c) + torch.sigmoid(zi).mul(torch.tanh(zg))
    return torch.tanh(cell) * torch.sigmoid(zo), cell
""",
    """
import torch

def lstm_step(x, h, c, weight, bias):
    D = x.size(-1)
    blocks = []
    for W, b in zip(weight.chunk(4), bias.chunk(4)):
        blocks.append(x.mm(W[:, :D].t()).add(h.mm(W[:, D:].t())).add(b))
    i, f, o = (torch.special.expit(z) for z in blocks[:3])
    new_c = f * c + i * blocks[3].tanh()
    new_h = o * new_c.tanh()
    return (new_h, new_c)
""",
]

lstm = RIGHT["lstm_step"][0]
WRONG["lstm_step"] = {
    "pytorch_gate_order": slip(lstm, ("zi, zf, zo, zg = z[:, :H]", "zi, zf, zg, zo = z[:, :H]")),
    "input_and_state_swapped": slip(
        RIGHT["lstm_step"][1],
        ("D = x.size(-1)", "D = h.size(-1)"),
        ("x.mm(W[:, :D].t()).add(h.mm(W[:, D:].t()))", "h.mm(W[:, :D].t()).add(x.mm(W[:, D:].t()))"),
    ),
    "output_without_tanh": slip(lstm, ("return torch.tanh(cell) *", "return cell *")),
    "old_cell_in_output": slip(lstm, ("return torch.tanh(cell) *", "return torch.tanh(c) *")),
    "naive_sigmoid_overflow": slip(RIGHT["lstm_step"][1], ("torch.special.expit(z)", "1 / (1 + torch.exp(-z))")),
    "cell_detached": slip(lstm, ("N, H = h.shape", "N, H = h.shape\n    c = c.data")),
    "nothing_flows_back": """
import torch

def lstm_step(x, h, c, weight, bias):
    with torch.no_grad():
        i, f, o, g = (torch.cat([x, h], 1) @ weight.T + bias).chunk(4, dim=1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c
""",
    "weights_detached": """
import torch

def lstm_step(x, h, c, weight, bias):
    D, H = x.shape[1], h.shape[1]
    order = torch.cat([torch.arange(0, 2 * H), torch.arange(3 * H, 4 * H), torch.arange(2 * H, 3 * H)])
    cell = torch.nn.LSTMCell(D, H).to(x.dtype)
    with torch.no_grad():
        cell.weight_ih.copy_(weight[order, :D])
        cell.weight_hh.copy_(weight[order, D:])
        cell.bias_ih.copy_(bias[order])
        cell.bias_hh.zero_()
    return cell(x, (h, c))
""",
    "states_exchanged": slip(
        lstm, ("return torch.tanh(cell) * torch.sigmoid(zo), cell", "return cell, torch.tanh(cell) * torch.sigmoid(zo)")
    ),
    "candidate_without_tanh": slip(RIGHT["lstm_step"][1], ("blocks[3].tanh()", "blocks[3]")),
    "candidate_through_sigmoid": slip(
        RIGHT["lstm_step"][1],
        (
            "i, f, o = (torch.special.expit(z) for z in blocks[:3])",
            "i, f, o, g = (torch.special.expit(z) for z in blocks)",
        ),
        ("blocks[3].tanh()", "g"),
    ),
    "bias_forgotten": slip(RIGHT["lstm_step"][1], (".add(b))", ")")),
    "forgets_by_one_minus": slip(RIGHT["lstm_step"][1], ("f * c + i *", "f * c + (1 - f) *")),
}

# ------------------------------------------------------------------------------------------ ragged batches

RIGHT["masked_nll"] = [
    """
import torch

def masked_nll(logits, targets, lengths):
    rows = [z[:n] for z, n in zip(logits, lengths.tolist())]
    words = [t[:n] for t, n in zip(targets, lengths.tolist())]
    z, t = torch.cat(rows), torch.cat(words)
    if len(t) == 0:
        return z.sum()
    return (z.logsumexp(dim=1) - z[torch.arange(len(t)), t]).mean()
""",
    """
import torch

def masked_nll(logits, targets, lengths):
    N, T, V = logits.shape
    keep = (torch.arange(T).repeat(N, 1) < lengths.reshape(N, 1)).reshape(N * T)
    where = keep.nonzero().squeeze(1)
    z = logits.reshape(N * T, V).index_select(0, where)
    t = targets.reshape(N * T).index_select(0, where)
    if where.numel():
        return torch.nn.NLLLoss()(torch.log_softmax(z, dim=1), t)
    return torch.zeros((), dtype=logits.dtype)
""",
]

masked = RIGHT["masked_nll"][0]
safe = """
import torch

def masked_nll(logits, targets, lengths):
    N, T, V = logits.shape
    valid = torch.arange(T) < lengths[:, None]
    z = logits.masked_fill(~valid[..., None], 0.0)
    t = targets.masked_fill(~valid, 0)
    loss = torch.nn.functional.cross_entropy(z.permute(0, 2, 1), t, reduction="none").masked_fill(~valid, 0.0)
    count = max(int(valid.sum()), 1)
    return loss.sum() / count
"""
WRONG["masked_nll"] = {
    "averages_over_padding": slip(safe, ("return loss.sum() / count", "return loss.mean()")),
    "mean_of_sequence_means": """
import torch

def masked_nll(logits, targets, lengths):
    means = []
    for z, t, n in zip(logits, targets, lengths.tolist()):
        if n > 0:
            means.append(torch.nn.functional.cross_entropy(z[:n], t[:n]))
    return torch.stack(means).mean() if means else torch.tensor(0.0, dtype=logits.dtype)
""",
    "ignores_lengths": """
import torch

def masked_nll(logits, targets, lengths):
    log_p = logits.log_softmax(dim=-1)
    return -log_p.gather(-1, targets.clamp(0, logits.shape[-1] - 1)[..., None]).mean()
""",
    "nan_times_zero": """
import torch

def masked_nll(logits, targets, lengths):
    N, T, V = logits.shape
    valid = torch.arange(T) < lengths[:, None]
    t = targets.masked_fill(~valid, 0)
    loss = torch.nn.functional.cross_entropy(logits.permute(0, 2, 1), t, reduction="none")
    return (loss * valid.to(loss.dtype)).sum() / valid.sum().clamp(min=1)
""",
    "gradient_of_what_was_dropped": """
import torch

def masked_nll(logits, targets, lengths):
    N, T, V = logits.shape
    valid = torch.arange(T) < lengths[:, None]
    t = targets.masked_fill(~valid, 0)
    loss = -logits.log_softmax(dim=2).gather(2, t[..., None])[..., 0]
    return loss.masked_fill(~valid, 0.0).sum() / max(int(valid.sum()), 1)
""",
    "in_bits": slip(
        safe, ("return loss.sum() / count", "return loss.sum() / count * torch.log2(torch.tensor(torch.e))")
    ),
    "padded_targets_looked_up": slip(safe, ("t = targets.masked_fill(~valid, 0)", "t = targets")),
    "empty_batch_nan": """
import torch

def masked_nll(logits, targets, lengths):
    valid = torch.arange(targets.shape[1]) < lengths[:, None]
    return torch.nn.functional.cross_entropy(logits[valid], targets[valid])
""",
    "off_by_one_length": slip(masked, ("z[:n]", "z[:n + 1]"), ("t[:n]", "t[:n + 1]")),
    "last_token_lost": slip(masked, ("z[:n]", "z[:max(n - 1, 0)]"), ("t[:n]", "t[:max(n - 1, 0)]")),
    "divided_by_sequences": slip(safe, ("/ count", "/ len(lengths)")),
    "sum_not_mean": slip(masked, (".mean()\n", ".sum()\n")),
    "loss_detached": slip(
        masked, ("z[torch.arange(len(t)), t]).mean()", "z[torch.arange(len(t)), t]).mean().detach()")
    ),
    "overflows": slip(
        masked,
        (
            "(z.logsumexp(dim=1) - z[torch.arange(len(t)), t]).mean()",
            "(z.exp().sum(dim=1).log() - z[torch.arange(len(t)), t]).mean()",
        ),
    ),
}

# ------------------------------------------------------------------------------------------ sampling

HEAD = """
def sample_token(logits, temperature, top_k, u):
    if temperature < 0:
        raise ValueError(f"temperature {temperature}")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k {top_k}")
    z = np.asarray(logits).astype(float)
    if temperature == 0:
        return int(z.argmax())
"""
TAIL = """
    keep = np.lexsort((np.arange(len(z)), -z))[:top_k]
    mask = np.zeros(len(z), dtype=bool)
    mask[keep] = True
    p = np.where(mask, np.exp((z - z.max()) / temperature), 0)
    p = p / p.sum()
    total = 0.0
    for j in range(len(p)):
        total += p[j]
        if total > u:
            return j
    return int(np.max(np.nonzero(p)))
"""
RIGHT["sample_token"] = [
    HEAD + TAIL,
    """
def sample_token(logits, temperature, top_k, u):
    logits = [float(v) for v in logits]
    if temperature < 0 or (top_k or 1) < 1 or top_k == 0:
        raise ValueError("temperature >= 0 and top_k >= 1 are needed")
    if temperature == 0:
        return logits.index(max(logits))
    ranked = sorted(range(len(logits)), key=lambda j: -logits[j])[: top_k or len(logits)]
    best = logits[ranked[0]]
    mass = np.zeros(len(logits))
    for j in ranked:
        mass[j] = np.exp((logits[j] - best) / temperature)
    above = np.flatnonzero((np.cumsum(mass) > u * mass.sum()) & (mass > 0))
    return int(above[0]) if len(above) else int(np.flatnonzero(mass)[-1])
""",
]
sample = RIGHT["sample_token"][0]
WRONG["sample_token"] = {
    "multiplies_by_temperature": slip(sample, ("(z - z.max()) / temperature", "(z - z.max()) * temperature")),
    "overflows": slip(sample, ("np.exp((z - z.max()) / temperature)", "np.exp(z / temperature)")),
    "divides_by_zero": slip(
        RIGHT["sample_token"][1], ("    if temperature == 0:\n        return logits.index(max(logits))\n", "")
    ),
    "not_renormalised": HEAD
    + """
    p = np.exp((z - z.max()) / temperature)
    p = p / p.sum()
    keep = set(np.argsort(-z, kind="stable")[:top_k].tolist())
    total = 0.0
    for j in range(len(z)):
        if j in keep:
            total += p[j]
            if total > u:
                return j
    return len(z) - 1
""",
    "falls_off_the_end": slip(
        sample,
        ("p = p / p.sum()", "p = p / (p.sum() + 1e-14)"),
        ("    return int(np.max(np.nonzero(p)))\n", "    raise RuntimeError('no token')\n"),
    ),
    "not_kept_at_the_end": HEAD
    + """
    p = np.exp((z - z.max()) / temperature)
    p[np.argsort(-z, kind="stable")[top_k or len(z):]] = 0
    return int(np.argmax(np.cumsum(p / p.sum()) > u))
""",
    "walks_in_probability_order": HEAD
    + """
    order = np.argsort(z, kind="stable")[-(top_k or len(z)):]
    p = np.exp((z[order] - z.max()) / temperature)
    sums = np.cumsum(p / p.sum())
    return int(order[min(np.searchsorted(sums, u, side="right"), len(order) - 1)])
""",
    "picks_impossible_token": slip(sample, ("if total > u", "if total >= u")),
    "temperature_ignored": slip(sample, ("np.exp((z - z.max()) / temperature)", "np.exp(z - z.max())")),
    "top_k_ignored": slip(sample, ("[:top_k]", "")),
    "place_among_the_kept": HEAD
    + """
    keep = sorted(np.argsort(-z, kind="stable")[:top_k])
    p = np.exp((z[keep] - z.max()) / temperature)
    total = 0.0
    for place, share in enumerate(p / p.sum()):
        total += share
        if total > u:
            return place
    return int(np.max(np.nonzero(p)))
""",
    "always_the_largest": HEAD
    + """
    return int(np.argmax(z))
""",
    "keeps_the_smallest": slip(sample, ("-z))[:top_k]", "z))[:top_k]")),
    "divides_after_the_softmax": slip(
        sample,
        ("np.exp((z - z.max()) / temperature)", "np.exp(z - z.max())"),
        ("total += p[j]", "total += p[j] / temperature"),
    ),
    "ties_all_kept": slip(
        sample,
        (
            "    keep = np.lexsort((np.arange(len(z)), -z))[:top_k]\n",
            "    keep = z >= sorted(z)[-min(top_k or len(z), len(z))]\n",
        ),
    ),
    "ties_higher_index": slip(
        sample,
        ("np.lexsort((np.arange(len(z)), -z))[:top_k]", "np.argsort(z, kind='stable')[-min(top_k or len(z), len(z)):]"),
    ),
    "bad_input_accepted": slip(
        sample,
        ('raise ValueError(f"temperature {temperature}")', "temperature = -temperature"),
        ('raise ValueError(f"top_k {top_k}")', "top_k = 1"),
    ),
}

# ------------------------------------------------------------------------------------------ a character model

RIGHT["train_char_lm"] = [
    """
import torch

class Hashed(torch.nn.Module):
    # counts after one and two characters, and after three in a table of fewer places
    def __init__(self, ids, V):
        super().__init__()
        self.V, self.places = V, 16381
        self.one = torch.bincount(ids, minlength=V).float()
        self.two = torch.bincount(ids[:-1] * V + ids[1:], minlength=V * V).view(V, V).float()
        self.three = torch.bincount((ids[:-2] * V + ids[1:-1]) * V + ids[2:], minlength=V ** 3).view(V * V, V).float()
        key = self.key(ids[:-3], ids[1:-2], ids[2:-1])
        self.four = torch.bincount(key * V + ids[3:], minlength=self.places * V).view(self.places, V).float()

    def key(self, a, b, c):
        return ((a * self.V + b) * self.V + c) % self.places

    def forward(self, x):
        one_back = torch.cat([x[:, :1], x[:, :-1]], dim=1)
        two_back = torch.cat([one_back[:, :1], one_back[:, :-1]], dim=1)
        p = (self.one + 1) / (self.one + 1).sum()
        for n in (self.two[x], self.three[one_back * self.V + x], self.four[self.key(two_back, one_back, x)]):
            p = (n + 5 * p) / (n.sum(-1, keepdim=True) + 5)
        return p.log()

def train_char_lm(ids, vocab_size, seed=0):
    return Hashed(ids, vocab_size).eval()
""",
    """
import torch

class Window(torch.nn.Module):
    # no recurrence: the last six characters, and a hidden layer
    def __init__(self, V, width=6):
        super().__init__()
        self.width = width
        self.table = torch.nn.Embedding(V + 1, 24, padding_idx=V)
        self.hidden = torch.nn.Linear(24 * width, 192)
        self.output = torch.nn.Linear(192, V)

    def forward(self, x):
        padded = torch.nn.functional.pad(x, (self.width - 1, 0), value=self.table.padding_idx)
        windows = padded.unfold(1, self.width, 1)
        return self.output(torch.relu(self.hidden(self.table(windows).flatten(2))))

def train_char_lm(ids, vocab_size, seed=0):
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(seed)
    model = Window(vocab_size)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(240):
        start = torch.randint(len(ids) - 33, (24, 1), generator=generator)
        text = ids[start + torch.arange(33)]
        loss = torch.nn.functional.cross_entropy(model(text[:, :-1]).flatten(0, 1), text[:, 1:].flatten())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return model.eval()
""",
]
train = """

import torch
from torch import nn

class Model(nn.Module):
    def __init__(self, V):
        super().__init__()
        self.embed = nn.Embedding(V, 64)
        self.lstm = nn.LSTM(64, 112)
        self.head = nn.Linear(112, V)

    def forward(self, x):
        out, _ = self.lstm(self.embed(x.T))
        return self.head(out).transpose(0, 1)

def train_char_lm(ids, vocab_size, seed=0):
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    model = Model(vocab_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    rows = ids[: len(ids) // 33 * 33].view(-1, 33)
    for batch in torch.randperm(len(rows))[: 32 * 40].split(32):
        x, y = rows[batch, :-1], rows[batch, 1:]
        loss = nn.CrossEntropyLoss()(model(x).permute(0, 2, 1), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
    return model.eval()
"""
first = ("32 * 40", "32 * 3")
WRONG["train_char_lm"] = {
    "looks_both_ways": slip(
        train,
        first,
        (
            "        return self.head(out).transpose(0, 1)",
            "        out = out - out.mean(dim=0)\n        return self.head(out).transpose(0, 1)",
        ),
    ),
    "targets_not_shifted": slip(train, ("rows[batch, :-1], rows[batch, 1:]", "rows[batch, 1:], rows[batch, 1:]")),
    "no_memory": """
import torch

def train_char_lm(ids, vocab_size, seed=0):
    pairs = torch.bincount(ids[:-1] * vocab_size + ids[1:], minlength=vocab_size ** 2).view(vocab_size, vocab_size)
    p = (pairs + 0.1) / (pairs + 0.1).sum(dim=1, keepdim=True)
    return torch.nn.Embedding.from_pretrained(p.log()).eval()
""",
    "returns_probabilities": slip(
        RIGHT["train_char_lm"][1],
        ("return self.output(torch", "return torch.nn.functional.softmax(self.output(torch"),
        (".flatten(2))))", ".flatten(2)))), dim=2)"),
        ("range(240)", "range(9)"),
    ),
    "time_and_batch_swapped": slip(train, first, ("self.embed(x.T)", "self.embed(x)"), (".transpose(0, 1)", "")),
    "learning_rate_explodes": slip(
        train,
        ("torch.optim.AdamW(model.parameters(), lr=0.02)", "torch.optim.SGD(model.parameters(), lr=2000.0)"),
        ("        nn.utils.clip_grad_norm_(model.parameters(), 1)\n", ""),
    ),
    "stopped_too_early": slip(train, ("lr=0.02", "lr=0.002")),
    "not_repeatable": slip(
        train,
        first,
        ("return model.eval()", "return model.train()"),
        ("self.lstm(self.embed(x.T))", "self.lstm(nn.functional.dropout(self.embed(x.T), 0.3, self.training))"),
    ),
}
