"""Solutions of lecture 12, recurrent networks. Sequences are (N, T, D); the states that come back start at t = 1."""

import numpy as np
import torch


def rnn_forward(x, h0, w_xh, w_hh, b):
    """All hidden states of h_t = tanh(x_t w_xh + h_(t-1) w_hh + b), for N sequences at once.

    x (N, T, D): inputs x_1 to x_T; h0 (N, H): the states before the first input; w_xh (D, H), w_hh (H, H), b (H,)
    Returns h (N, T, H): h_1 to h_T, in the dtype of x. h0 stays as it is.
    """
    # BEGIN SOLUTION
    h, states = h0, []
    for z in np.moveaxis(x @ w_xh + b, 1, 0):  # what the inputs contribute, (N, H) for each t
        h = np.tanh(z + h @ w_hh)
        states.append(h)
    return np.stack(states, axis=1)
    # END SOLUTION


def rnn_backward(dh, x, h, h0, w_xh, w_hh):
    """Gradients of a loss with respect to all that went into `rnn_forward`, by backpropagation through time.

    dh (N, T, H): the gradient that reaches each h_t directly, not through later states
    x (N, T, D), h (N, T, H), h0 (N, H), w_xh (D, H), w_hh (H, H): inputs, states h_1 to h_T and weights as in `rnn_forward`
    Returns dx, dh0, dw_xh, dw_hh and db (H,), each in the shape of what it belongs to; those of weights are summed over
    sequences and time.
    """
    # BEGIN SOLUTION
    before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)  # h_(t-1) at the place of h_t
    dz = np.empty_like(h)
    later = np.zeros_like(h0)  # what comes back to h_t from h_(t+1)
    for t in reversed(range(h.shape[1])):
        dz[:, t] = (dh[:, t] + later) * (1 - h[:, t] ** 2)
        later = dz[:, t] @ w_hh.T
    dw_xh = np.einsum("ntd,nth->dh", x, dz)
    dw_hh = np.einsum("ntg,nth->gh", before, dz)
    return dz @ w_xh.T, later, dw_xh, dw_hh, dz.sum(axis=(0, 1))
    # END SOLUTION


def clip_by_global_norm(grads, max_norm):
    """Gradients scaled by one common factor, so that the norm of all their entries together is at most max_norm.

    grads: a list of arrays of any shapes, float32 or float64; max_norm: a positive number
    Returns a list of new arrays, each with the dtype it had, the same numbers as before if the norm is small enough; and
    the norm before clipping, computed in float64. Of an empty list the norm is 0.
    """
    # BEGIN SOLUTION
    norm = np.sqrt(sum(np.sum(g.astype(np.float64) ** 2) for g in grads))
    factor = max_norm / norm if norm > max_norm else 1.0
    return [(factor * g.astype(np.float64)).astype(g.dtype) for g in grads], norm
    # END SOLUTION


def jacobian_norms(h, w_hh):
    """For every t the spectral norm of dh_T/dh_t, by how much a small change of h_t can grow until h_T.

    h (T, H): the states h_1 to h_T of one sequence, rows as in `rnn_forward`; w_hh (H, H)
    Returns (T,): the largest singular value of dh_T/dh_t for t = 1 to T; the last one is 1.
    """
    # BEGIN SOLUTION
    product = np.eye(len(w_hh), dtype=h.dtype)  # dh_T/dh_t
    norms = []
    for slopes in 1 - h[::-1] ** 2:
        norms.append(np.linalg.norm(product, ord=2))
        product = product @ (slopes[:, None] * w_hh.T)  # times dh_t/dh_(t-1)
    return np.array(norms[::-1])
    # END SOLUTION


def lstm_step(x, h, c, weight, bias):
    """One step of an LSTM: z = [x, h] weight^T + bias in blocks i, f, o, g, in this order.

    x (N, D), h (N, H), c (N, H): tensors, the input and the two old states; weight (4H, D + H), bias (4H,)
    Returns h_new (N, H) and c_new (N, H): c_new = sigmoid(f) c + sigmoid(i) tanh(g), h_new = sigmoid(o) tanh(c_new).
    Gradients flow to all five arguments.
    """
    # BEGIN SOLUTION
    i, f, o, g = (torch.cat([x, h], dim=1) @ weight.T + bias).chunk(4, dim=1)
    c_new = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c_new.tanh(), c_new
    # END SOLUTION


def masked_nll(logits, targets, lengths):
    """The cross-entropy in nats, averaged over all valid tokens of a padded batch; 0 if there is none.

    logits (N, T, V), a tensor of floats; targets (N, T) int64; lengths (N,) int64: token t = 0 to T - 1 of sequence n is valid
    if t < lengths[n]. What stands at other places, even a target that is no class or logits that are NaN, has no effect on
    the value or on the gradient. Returns a tensor of no dimensions.
    """
    # BEGIN SOLUTION
    valid = torch.arange(targets.shape[1], device=targets.device) < lengths[:, None]
    total = torch.nn.functional.cross_entropy(logits[valid], targets[valid], reduction="sum")
    return total / valid.sum().clamp(min=1)
    # END SOLUTION


def sample_token(logits, temperature, top_k, u):
    """The token that a random number u picks, of the top_k tokens with the largest logits.

    logits (V,) array; temperature: a number >= 0; top_k: an int >= 1, or None for all tokens, as also if it is above V;
    u: a number in [0, 1)
    Keeps the top_k largest logits (of equal ones those of lower index), takes the softmax of logits/temperature over them and
    returns the smallest index at which their cumulative probability, in the order of the index, exceeds u, an int.
    Temperature 0 picks the largest logit (of equal ones the one of lower index), whatever u is. Raises ValueError for a
    temperature below 0 and for a top_k below 1.
    """
    # BEGIN SOLUTION
    if temperature < 0:
        raise ValueError(f"the temperature can't be negative, but is {temperature}")
    if top_k is not None and top_k < 1:
        raise ValueError(f"at least one token must be kept, but top_k is {top_k}")
    logits = np.asarray(logits, dtype=np.float64)
    if temperature == 0:
        return int(logits.argmax())
    kept = np.sort(np.argsort(-logits, kind="stable")[:top_k])
    p = np.exp((logits[kept] - logits.max()) / temperature)
    kept, p = kept[p > 0], p[p > 0]
    place = np.searchsorted(np.cumsum(p) / p.sum(), u, side="right")
    return int(kept[min(place, len(kept) - 1)])  # rounding must not lead beyond the last one
    # END SOLUTION


def train_char_lm(ids, vocab_size, seed=0):
    """A model that predicts each character of a text from those before it, trained on a text.

    ids (L,) int64, a tensor: the text, as numbers from 0 to vocab_size - 1; seed: an int, for what is drawn at random
    Returns a torch.nn.Module in eval mode: int64 (N, T), for any N and T -> logits (N, T, vocab_size); those at position t
    are for the character at t + 1 and depend on the characters up to t alone.
    """
    # BEGIN SOLUTION
    torch.set_num_threads(1)  # so small a net trains fastest on one
    torch.manual_seed(seed)

    class CharacterModel(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = torch.nn.Embedding(vocab_size, 64)
            self.memory = torch.nn.LSTM(64, 128, batch_first=True)
            self.output = torch.nn.Linear(128, vocab_size)

        def forward(self, characters):
            states, _ = self.memory(self.embedding(characters))
            return self.output(states)

    model = CharacterModel()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(160):
        starts = torch.randint(len(ids) - 32, (32,))
        windows = ids[starts[:, None] + torch.arange(33)]
        logits = model(windows[:, :-1])
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return model.eval()
    # END SOLUTION
