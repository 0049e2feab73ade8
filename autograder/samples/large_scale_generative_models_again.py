"""Answers to lecture 11 in other words: every catalogued mistake written in a second way, and right answers of other styles."""

RIGHT = {}
WRONG = {}

# ------------------------------------------------------------------------------------------ the loss of pairs

_UNIT = """
import torch

def unit(rows):
    return rows / torch.sqrt((rows * rows).sum(dim=1, keepdim=True)).clamp_min(1e-12)
"""

RIGHT["clip_loss"] = [
    """
import torch
from torch.nn.functional import normalize, nll_loss, log_softmax

def clip_loss(image_emb, text_emb, log_scale):
    cosines = torch.matmul(normalize(image_emb), normalize(text_emb).transpose(0, 1))
    scores = cosines.mul(log_scale.exp())
    target = torch.arange(scores.size(0))
    return torch.stack([nll_loss(log_softmax(scores, 1), target), nll_loss(log_softmax(scores.t(), 1), target)]).mean()
""",
    """
import torch

def clip_loss(image_emb, text_emb, log_scale):
    norm_i = torch.maximum(image_emb.norm(dim=1), torch.tensor(1e-12, dtype=image_emb.dtype))
    norm_t = torch.maximum(text_emb.norm(dim=1), torch.tensor(1e-12, dtype=image_emb.dtype))
    S = torch.exp(log_scale) * (image_emb @ text_emb.T) / norm_i[:, None] / norm_t[None, :]
    S_row = S - S.max(dim=1, keepdim=True).values
    S_col = S - S.max(dim=0, keepdim=True).values
    log_rows = S_row - S_row.exp().sum(dim=1, keepdim=True).log()
    log_cols = S_col - S_col.exp().sum(dim=0, keepdim=True).log()
    return -(log_rows.trace() + log_cols.trace()) / (2 * len(S))
""",
]

WRONG["clip_loss"] = {
    "one_direction": _UNIT
    + """
def clip_loss(image_emb, text_emb, log_scale):
    S = log_scale.exp() * unit(image_emb) @ unit(text_emb).T
    return (torch.logsumexp(S, dim=0) - S.diagonal()).mean()
""",
    "not_normalised": _UNIT
    + """
def clip_loss(image_emb, text_emb, log_scale):
    S = torch.einsum("nd,md->nm", image_emb, text_emb) * torch.exp(log_scale)
    return ((torch.logsumexp(S, 0) - S.diag()).mean() + (torch.logsumexp(S, 1) - S.diag()).mean()) / 2
""",
    "one_side_not_normalised": _UNIT
    + """
def clip_loss(image_emb, text_emb, log_scale):
    S = log_scale.exp() * image_emb @ unit(text_emb).T
    return ((torch.logsumexp(S, 0) - S.diag()).mean() + (torch.logsumexp(S, 1) - S.diag()).mean()) / 2
""",
    "normalises_columns": """
import torch
import torch.nn.functional as F

def clip_loss(image_emb, text_emb, log_scale):
    S = log_scale.exp() * F.normalize(image_emb, dim=0) @ F.normalize(text_emb, dim=0).T
    d = torch.arange(len(S))
    return 0.5 * F.cross_entropy(S, d) + 0.5 * F.cross_entropy(S.T, d)
""",
    "divides_by_scale": _UNIT
    + """
def clip_loss(image_emb, text_emb, log_scale):
    temperature = log_scale.exp()
    S = (unit(image_emb) @ unit(text_emb).T) / temperature
    return ((torch.logsumexp(S, 0) - S.diag()).mean() + (torch.logsumexp(S, 1) - S.diag()).mean()) / 2
""",
    "scale_not_exponentiated": _UNIT
    + """
def clip_loss(image_emb, text_emb, log_scale):
    S = (log_scale * unit(image_emb)) @ unit(text_emb).T
    return ((torch.logsumexp(S, 0) - S.diag()).mean() + (torch.logsumexp(S, 1) - S.diag()).mean()) / 2
""",
    "scale_forgotten": _UNIT
    + """
def clip_loss(image_emb, text_emb, log_scale):
    S = unit(image_emb) @ unit(text_emb).T
    return ((torch.logsumexp(S, 0) - S.diag()).mean() + (torch.logsumexp(S, 1) - S.diag()).mean()) / 2
""",
    "naive_softmax_overflow": _UNIT
    + """
def clip_loss(image_emb, text_emb, log_scale):
    S = log_scale.exp() * unit(image_emb) @ unit(text_emb).T
    p = torch.softmax(S, dim=1)
    q = torch.softmax(S, dim=0)
    N = len(S)
    return sum(-torch.log(p[i, i]) - torch.log(q[i, i]) for i in range(N)) / (2 * N)
""",
    "no_half": _UNIT
    + """
def clip_loss(image_emb, text_emb, log_scale):
    S = log_scale.exp() * unit(image_emb) @ unit(text_emb).T
    return (torch.logsumexp(S, 0) + torch.logsumexp(S, 1) - 2 * S.diag()).mean()
""",
    "sum_not_mean": _UNIT
    + """
def clip_loss(image_emb, text_emb, log_scale):
    S = log_scale.exp() * unit(image_emb) @ unit(text_emb).T
    return torch.logsumexp(S, 0).sum() + torch.logsumexp(S, 1).sum() - 2 * S.trace()
""",
    "softmax_twice": _UNIT
    + """
def clip_loss(image_emb, text_emb, log_scale):
    criterion = torch.nn.CrossEntropyLoss()
    S = log_scale.exp() * unit(image_emb) @ unit(text_emb).T
    target = torch.arange(len(S))
    return (criterion(torch.softmax(S, -1), target) + criterion(torch.softmax(S, 0).T, target)) / 2
""",
    "only_pulls": _UNIT
    + """
def clip_loss(image_emb, text_emb, log_scale):
    S = log_scale.exp() * unit(image_emb) @ unit(text_emb).T
    return -S.trace() / len(S)
""",
    "scale_clamped": _UNIT
    + """
def clip_loss(image_emb, text_emb, log_scale):
    S = torch.minimum(log_scale, torch.log(torch.tensor(100.0, dtype=log_scale.dtype))).exp() * unit(image_emb) @ unit(text_emb).T
    return ((torch.logsumexp(S, 0) - S.diag()).mean() + (torch.logsumexp(S, 1) - S.diag()).mean()) / 2
""",
    "scale_without_gradient": _UNIT
    + """
def clip_loss(image_emb, text_emb, log_scale):
    S = np.exp(float(log_scale)) * unit(image_emb) @ unit(text_emb).T
    return ((torch.logsumexp(S, 0) - S.diag()).mean() + (torch.logsumexp(S, 1) - S.diag()).mean()) / 2
""",
    "embeddings_without_gradient": _UNIT
    + """
def clip_loss(image_emb, text_emb, log_scale):
    a = torch.tensor(image_emb.detach().numpy())
    b = torch.tensor(text_emb.detach().numpy())
    S = log_scale.exp() * unit(a) @ unit(b).T
    return ((torch.logsumexp(S, 0) - S.diag()).mean() + (torch.logsumexp(S, 1) - S.diag()).mean()) / 2
""",
    "zero_row_unguarded": """
import torch

def clip_loss(image_emb, text_emb, log_scale):
    norms = torch.outer(torch.linalg.vector_norm(image_emb, dim=1), torch.linalg.vector_norm(text_emb, dim=1))
    S = log_scale.exp() * (image_emb @ text_emb.T) / norms
    return ((torch.logsumexp(S, 0) - S.diag()).mean() + (torch.logsumexp(S, 1) - S.diag()).mean()) / 2
""",
}

# ------------------------------------------------------------------------------------------ prompts as a classifier

RIGHT["zero_shot_scores"] = [
    """
import torch

def zero_shot_scores(image_emb, prompt_emb):
    columns = []
    for prompts in prompt_emb:
        lengths = prompts.norm(dim=-1, keepdim=True)
        v = (prompts / lengths).mean(dim=0)
        columns.append(torch.mv(image_emb, v) / (v.norm() * image_emb.norm(dim=1)))
    return torch.stack(columns, dim=1)
""",
    """
from torch.nn.functional import normalize

def zero_shot_scores(image_emb, prompt_emb):
    C, P, D = prompt_emb.shape
    flat = normalize(prompt_emb.reshape(C * P, D))
    classes = normalize(flat.reshape(C, P, D).mean(1))
    return normalize(image_emb).matmul(classes.t())
""",
]

_ZERO = """
import torch

def unit(v):
    return v / v.norm(dim=-1, keepdim=True).clamp(min=1e-12)
"""

WRONG["zero_shot_scores"] = {
    "averages_raw_prompts": _ZERO
    + """
def zero_shot_scores(image_emb, prompt_emb):
    return unit(image_emb) @ unit(prompt_emb.sum(1)).T
""",
    "class_vector_not_renormalised": _ZERO
    + """
def zero_shot_scores(image_emb, prompt_emb):
    return torch.einsum("nd,cpd->ncp", unit(image_emb), unit(prompt_emb)).mean(dim=2)
""",
    "image_not_normalised": _ZERO
    + """
def zero_shot_scores(image_emb, prompt_emb):
    return torch.stack([image_emb @ unit(unit(p).mean(0)) for p in prompt_emb], dim=1)
""",
    "averages_over_classes": _ZERO
    + """
def zero_shot_scores(image_emb, prompt_emb):
    w = unit(unit(prompt_emb).sum(0))
    return torch.einsum("nd,kd->nk", unit(image_emb), w)
""",
    "norms_along_the_prompts": _ZERO
    + """
def zero_shot_scores(image_emb, prompt_emb):
    lengths = prompt_emb.norm(dim=1, keepdim=True)
    return unit(image_emb) @ unit((prompt_emb / lengths).sum(1)).T
""",
    "best_prompt_only": _ZERO
    + """
def zero_shot_scores(image_emb, prompt_emb):
    out = torch.empty(len(image_emb), len(prompt_emb), dtype=image_emb.dtype)
    for j, prompts in enumerate(prompt_emb):
        out[:, j] = (unit(image_emb) @ unit(prompts).T).max(dim=1)[0]
    return out
""",
    "first_prompt_only": _ZERO
    + """
def zero_shot_scores(image_emb, prompt_emb):
    return torch.stack([unit(image_emb) @ unit(p[0]) for p in prompt_emb], dim=1)
""",
    "nothing_normalised": _ZERO
    + """
def zero_shot_scores(image_emb, prompt_emb):
    return torch.einsum("nd,cpd->nc", image_emb, prompt_emb) / prompt_emb.shape[1]
""",
    "softmax_of_scores": _ZERO
    + """
def zero_shot_scores(image_emb, prompt_emb):
    return torch.softmax(100.0 * unit(image_emb) @ unit(unit(prompt_emb).mean(1)).T, dim=1)
""",
    "classes_in_rows": _ZERO
    + """
def zero_shot_scores(image_emb, prompt_emb):
    return torch.stack([unit(image_emb) @ unit(unit(p).mean(0)) for p in prompt_emb])
""",
    "labels_instead_of_scores": _ZERO
    + """
def zero_shot_scores(image_emb, prompt_emb):
    scores = unit(image_emb) @ unit(unit(prompt_emb).mean(1)).T
    return torch.max(scores, dim=1).indices
""",
}

# ------------------------------------------------------------------------------------------ two encoders from pairs

_START = """
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)

class Vision(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.first = nn.Linear(64, 64)
        self.second = nn.Linear(64, width)

    def forward(self, x):
        return self.second(torch.relu(self.first(2 * x.reshape(len(x), -1) - 1)))

class Language(nn.Module):
    def __init__(self, vocab_size, width=16):
        super().__init__()
        self.vectors = nn.Parameter(0.3 * torch.randn(vocab_size, width))

    def forward(self, tokens):
        counts = F.one_hot(tokens, len(self.vectors)).sum(dim=1).float()
        counts[:, 0] = 0
        return counts @ self.vectors

def loss_of(a, b, scale=15.0):
    S = scale * F.normalize(a) @ F.normalize(b).T
    return (torch.logsumexp(S, 0) + torch.logsumexp(S, 1) - 2 * S.diag()).mean() / 2
"""

RIGHT["train_digit_clip"] = [
    _START
    + """
def train_digit_clip(images, tokens, vocab_size, seed=0):
    torch.manual_seed(seed)
    vision, language = Vision(32), Language(vocab_size, 32)
    optimizers = [torch.optim.RMSprop(vision.parameters(), lr=3e-3), torch.optim.Adam(language.parameters(), lr=1e-2)]
    for epoch in range(15):
        for idx in torch.randperm(len(images)).split(120):
            loss = loss_of(vision(images[idx]), language(tokens[idx]))
            for o in optimizers:
                o.zero_grad()
            loss.backward()
            for o in optimizers:
                o.step()
    vision.train(False)
    language.train(False)
    return vision, language
""",
    _START
    + """
class Attention(nn.Module):
    def __init__(self, vocab_size, width):
        super().__init__()
        self.table = nn.Embedding(vocab_size, 32)
        self.place = nn.Parameter(0.1 * torch.randn(10, 32))
        self.layer = nn.TransformerEncoderLayer(32, 2, 32, dropout=0.0, batch_first=True)
        self.out = nn.Linear(32, width)

    def forward(self, tokens):
        there = tokens != 0
        h = self.layer(self.table(tokens) + self.place, src_key_padding_mask=~there)
        h = (h * there[..., None]).sum(1) / there.sum(1, keepdim=True)
        return self.out(h)

def train_digit_clip(images, tokens, vocab_size, seed=0):
    torch.manual_seed(seed)
    vision, language = Vision(24), Attention(vocab_size, 24)
    opt = torch.optim.Adam([*vision.parameters(), *language.parameters()], lr=5e-3)
    for epoch in range(12):
        for idx in torch.randperm(len(images)).split(150):
            opt.zero_grad()
            loss_of(vision(images[idx]), language(tokens[idx])).backward()
            opt.step()
    return vision.eval(), language.eval()
""",
]

_TRAIN = """
def train_digit_clip(images, tokens, vocab_size, seed=0):
    torch.manual_seed(seed)
    vision, language = Vision(), {language}
    opt = torch.optim.RMSprop({parameters}, lr=5e-3)
    {before}
    for step in range({steps}):
        idx = torch.randint(len(images), (100,))
        a, b = vision(images[idx]), language(tokens[idx])
        loss = {loss}
        opt.zero_grad()
        loss.backward()
        opt.step()
    return {result}
"""


def _train(**changes: str) -> str:
    parts = {
        "language": "Language(vocab_size)",
        "parameters": "[*vision.parameters(), *language.parameters()]",
        "before": "pass",
        "steps": "20",
        "loss": "loss_of(a, b)",
        "result": "vision.eval(), language.eval()",
    }
    return _START + _TRAIN.format(**{**parts, **changes})


WRONG["train_digit_clip"] = {
    "pairs_shuffled_apart": _train(
        steps="60", before="images, tokens = images[torch.randperm(len(images))], tokens[torch.randperm(len(tokens))]"
    ),
    "no_negatives": _train(steps="120", loss="((F.normalize(a) - F.normalize(b)) ** 2).sum(dim=1).mean()"),
    "text_encoder_frozen_to_first_word": _train(language="First(vocab_size)")
    + """
class First(Language):
    def forward(self, tokens):
        return super().forward(tokens[:, :1])
""",
    "never_trains_image_encoder": _train(
        parameters="[p for p in [*vision.parameters(), *language.parameters()] if p.requires_grad]",
        before="vision.requires_grad_(False); opt = torch.optim.RMSprop(language.parameters(), lr=5e-3)",
    ),
    "encoders_returned_swapped": _train(result="(language.eval(), vision.eval())"),
    "left_in_training_mode": _train(result="[vision, language]"),
    "image_encoder_without_gradient": _train().replace("vision(images[idx])", "vision(images[idx]).detach()"),
}

# ------------------------------------------------------------------------------------------ laws of scale

RIGHT["fit_scaling_law"] = [
    """
from scipy.optimize import curve_fit

def fit_scaling_law(n, loss):
    n, loss = np.asarray(n, float), np.asarray(loss, float)
    n0 = n.min()

    def law(n, e, a, alpha):
        return np.log(e + a * (n / n0) ** -alpha)

    best = None
    for start in (0.05, 0.2, 0.5, 1.0):
        try:
            p, _ = curve_fit(law, n, np.log(loss), p0=[0.5 * loss.min(), loss.max() - 0.5 * loss.min(), start],
                             bounds=([0, 1e-9, 1e-3], [loss.min(), 1e3, 3]), xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=5000)
        except RuntimeError:
            continue
        error = np.sum((law(n, *p) - np.log(loss)) ** 2)
        if best is None or error < best[0]:
            best = (error, p)
    e, a, alpha = best[1]
    return float(e), float(a * n0 ** alpha), float(alpha)
""",
    """
from scipy.optimize import minimize_scalar, nnls

def fit_scaling_law(n, loss):
    n = np.asarray(n, dtype=float) / np.min(n)
    scale = np.min(np.asarray(loss, dtype=float))

    def solve(alpha):
        M = np.column_stack([1 / loss, n ** -alpha / loss])
        return nnls(M.astype(float), np.ones(len(n)))

    grid = np.arange(0.01, 2, 0.01)
    start = grid[np.argmin([solve(a)[1] for a in grid])]
    alpha = minimize_scalar(lambda a: solve(a)[1], bounds=(max(start - 0.02, 1e-3), start + 0.02), method="bounded",
                            options={"xatol": 1e-10}).x
    E, A = solve(alpha)[0]
    return E, A * smallest(loss, n) ** alpha if False else A * first(alpha), alpha

def first(alpha):
    return SMALLEST ** alpha

original = fit_scaling_law

def fit_scaling_law(n, loss):
    global SMALLEST
    SMALLEST = float(np.min(n))
    return original(n, loss)
""",
]

_FIT = """
def best_law(n, loss):
    n, loss = np.asarray(n, float), np.asarray(loss, float)
    found = []
    for alpha in np.geomspace(0.02, 1.5, 1500):
        v = (n / n.max()) ** -alpha
        M = np.column_stack([1 / loss, v / loss])
        G = M.T @ M
        E, A = np.linalg.solve(G, M.sum(axis=0))
        if E < 0:
            E, A = 0.0, (v / loss).sum() / ((v / loss) ** 2).sum()
        found.append((np.sum((M @ [E, A] - 1) ** 2), E, A * n.max() ** alpha, alpha))
    return min(found)[1:]
"""

WRONG["fit_scaling_law"] = {
    "ignores_floor": """
def fit_scaling_law(n, loss):
    M = np.stack([np.ones(len(n)), -np.log(np.asarray(n, float))], axis=1)
    (log_A, alpha), *_ = np.linalg.lstsq(M, np.log(loss), rcond=None)
    return 0, np.exp(log_A), alpha
""",
    "negative_exponent": _FIT
    + """
def fit_scaling_law(n, loss):
    E, A, alpha = best_law(n, loss)
    slope = -alpha
    return float(E), float(A), float(slope)
""",
    "assumes_inverse_law": """
def fit_scaling_law(n, loss):
    x = 1.0 / np.asarray(n, dtype=float)
    A = ((x - x.mean()) * (loss - loss.mean())).sum() / ((x - x.mean()) ** 2).sum()
    return float(loss.mean() - A * x.mean()), float(A), 1
""",
    "floor_is_smallest_loss": """
def fit_scaling_law(n, loss):
    E = float(min(loss))
    x, y = np.log(np.asarray(n, float)), np.log(np.asarray(loss, float) - E + 1e-6)
    slope, offset = np.polyfit(x, y, deg=1)
    return E, float(np.exp(offset)), float(-slope)
""",
    "returns_log_of_a": _FIT
    + """
def fit_scaling_law(n, loss):
    E, A, alpha = best_law(n, loss)
    return float(E), float(np.log10(A)), float(alpha)
""",
    "results_in_another_order": _FIT
    + """
def fit_scaling_law(n, loss):
    E, A, alpha = best_law(n, loss)
    return float(alpha), float(A), float(E)
""",
}

# ------------------------------------------------------------------------------------------ a budget to split

RIGHT["chinchilla_optimum"] = [
    """
def chinchilla_optimum(compute, E, A, B, alpha, beta):
    total = alpha + beta
    log_nd = np.log(compute) - np.log(6.0)
    log_n = (np.log(alpha * A) - np.log(beta * B) + beta * log_nd) / total
    log_d = log_nd - log_n
    return np.exp(log_n), np.exp(log_d), E + A * np.exp(-alpha * log_n) + B * np.exp(-beta * log_d)
""",
    """
def chinchilla_optimum(compute, E, A, B, alpha, beta):
    budgets = np.atleast_1d(np.asarray(compute, dtype=np.float64))
    n, d, value = (np.empty(budgets.shape) for _ in range(3))
    for index, c in np.ndenumerate(budgets):
        u, width = 0.5 * np.log(c / 6), 40.0
        for _ in range(14):
            grid = u + np.linspace(-width, width, 41)
            J = A * np.exp(-alpha * grid) + B * np.exp(-beta * (np.log(c / 6) - grid))
            u, width = grid[np.argmin(J)], width / 8
        n[index], d[index], value[index] = np.exp(u), c / 6 / np.exp(u), E + J.min()
    if np.ndim(compute) == 0:
        return n[0], d[0], value[0]
    return n, d, value
""",
]

_OPTIMUM = """
def chinchilla_optimum(compute, E, A, B, alpha, beta):
    total = alpha + beta
    k = compute / 6
    log_g = {log_g}
    n = np.exp(log_g) * {n}
    d = {d}
    return {result}
"""


def _optimum(**changes: str) -> str:
    parts = {
        "log_g": "np.log(alpha * A / (beta * B)) / total",
        "n": "k ** (beta / total)",
        "d": "np.exp(-log_g) * k ** (alpha / total)",
        "result": "(n, d, E + A / n ** alpha + B / d ** beta)",
    }
    return _OPTIMUM.format(**{**parts, **changes})


WRONG["chinchilla_optimum"] = {
    "forgets_six": _optimum().replace("compute / 6", "compute"),
    "six_in_one_place_only": _optimum(d="np.exp(-log_g) * compute ** (alpha / total)"),
    "exponents_swapped": _optimum(n="k ** (alpha / total)", d="np.exp(-log_g) * k ** (beta / total)"),
    "even_split": _optimum(log_g="0.0", n="np.sqrt(k)", d="np.sqrt(k)"),
    "prefactor_dropped": _optimum(log_g="0.0"),
    "prefactor_upside_down": _optimum(log_g="np.log(beta * B / (alpha * A)) / total"),
    "prefactor_without_root": _optimum(log_g="np.log(alpha * A / (beta * B))"),
    "terms_made_equal": _optimum(log_g="np.log(A / B) / total"),
    "model_and_data_swapped": _optimum(result="(d, n, E + A / n ** alpha + B / d ** beta)"),
    "floor_forgotten": _optimum(result="(n, d, A / n ** alpha + B / d ** beta)"),
}

# ------------------------------------------------------------------------------------------ decoding

RIGHT["scratchpad_decode"] = [
    """
def scratchpad_decode(step, prompt, stop, max_new):
    everything = [*prompt]
    for _ in range(max_new):
        logits = np.asarray(step(everything))
        token = int(np.flatnonzero(logits == logits.max())[0])
        if token == stop:
            return everything[len(prompt):], True
        everything = everything + [token]
    return everything[len(prompt):], False
""",
    """
def scratchpad_decode(step, prompt, stop, max_new):
    def tokens():
        written = []
        for _ in range(max_new):
            written.append(int(np.argmax(step(tuple(prompt) + tuple(written)))))
            yield written[-1]

    answer = []
    for token in tokens():
        if token == stop:
            return answer, True
        answer.append(token)
    return answer, False
""",
]

_LOOP = """
def scratchpad_decode(step, prompt, stop, max_new):
    out, done = [], False
    seq = list(prompt)
    while {go}:
        token = {choose}(step({seen}))
        if token == stop:
            done = True
            {at_stop}
            break
        out.append(token)
        seq.append(token)
    {after}
    return {result}
"""


def _loop(**changes: str) -> str:
    parts = {
        "go": "len(out) < max_new",
        "choose": "(lambda z: max(range(len(z)), key=lambda i: (z[i], -i)))",
        "seen": "seq",
        "at_stop": "pass",
        "after": "pass",
        "result": "out, done",
    }
    return _LOOP.format(**{**parts, **changes})


WRONG["scratchpad_decode"] = {
    "forgets_its_own_tokens": _loop(seen="seq[:len(prompt)]"),
    "sees_last_token_only": _loop(seen="seq[-1:]"),
    "sees_own_tokens_only": _loop(seen="out"),
    "keeps_stop_token": _loop(at_stop="out.append(stop)"),
    "returns_prompt_as_well": _loop(result="seq, done"),
    "changes_prompt": _loop().replace("seq = list(prompt)", "seq = prompt"),
    "one_token_too_many": _loop(go="not len(out) > max_new"),
    "counts_the_prompt": _loop(go="len(seq) < max_new"),
    "one_call_too_many": _loop(after="done = done or bool(np.argmax(step(seq)) == stop)"),
    "asks_twice": _loop(seen="seq if len(step(seq)) else seq"),
    "one_token_too_few": _loop(go="len(out) + 1 < max_new"),
    "last_of_equals": _loop(choose="(lambda z: max(range(len(z)), key=lambda i: (z[i], i)))"),
    "ignores_stop": _loop().replace("token == stop", "token is None"),
    "finished_the_wrong_way_round": _loop(result="out, not done"),
    "always_finished": _loop(result="out, False"),
}

# ------------------------------------------------------------------------------------------ k attempts

RIGHT["pass_at_k"] = [
    """
def pass_at_k(n, c, k):
    n = np.asarray(n).astype(float)
    c = np.asarray(c).astype(float)
    if n.min() < k:
        raise ValueError("a problem has fewer than k samples")
    i = np.arange(k)[:, None]
    factors = np.clip((n - c - i) / (n - i), 0, None)
    return 1 - factors.prod(axis=0)
""",
    """
import torch

def pass_at_k(n, c, k):
    n, c = torch.tensor(np.asarray(n), dtype=torch.float64), torch.tensor(np.asarray(c), dtype=torch.float64)
    if (n < k).any():
        raise ValueError("k is larger than n")
    failed = n - c
    log_all_fail = torch.lgamma(failed + 1) - torch.lgamma(failed - k + 1) - torch.lgamma(n + 1) + torch.lgamma(n - k + 1)
    return torch.where(failed < k, torch.ones_like(n), 1 - log_all_fail.exp()).numpy()
""",
]

_EACH = """
from math import comb, factorial, lgamma, exp

def one(n, c, k):
{body}

def pass_at_k(n, c, k):
    if min(n) < k:
        raise ValueError("k > n")
    return np.array([one(int(a), int(b), k) for a, b in zip(n, c)])
"""


def _each(body: str) -> str:
    return _EACH.format(body="\n".join("    " + line for line in body.strip().split("\n")))


WRONG["pass_at_k"] = {
    "plug_in_estimate": _each("fail = (n - c) / n\nreturn 1 - fail ** k"),
    "all_must_pass": _each("p = 1.0\nfor i in range(k):\n    p *= max(c - i, 0) / (n - i)\nreturn p"),
    "none_passes": _each("p = 1.0\nfor i in range(k):\n    p *= max(n - c - i, 0) / (n - i)\nreturn p"),
    "overflow": _each("""
if n - c < k:
    return 1.0
ways = np.array([factorial(n - c), factorial(n - k), factorial(n - c - k), factorial(n)]).astype(float)
return 1 - ways[0] * ways[1] / (ways[2] * ways[3])
"""),
    "integers_wrap": _each("""
if n - c < k:
    return 1.0
f = lambda m: np.cumprod(np.arange(1, m + 1))[-1] if m > 0 else 1
return 1 - (f(n - c) / (f(k) * f(n - c - k))) / (f(n) / (f(k) * f(n - k)))
"""),
    "too_few_failures_not_handled": _each("""
a = lgamma(n - c + 1) - lgamma(n - c - k + 1)
b = lgamma(n + 1) - lgamma(n - k + 1)
return 1 - exp(a - b)
"""),
    "returns_mean": _each("return 1 - comb(n - c, k) / comb(n, k)").replace(
        "np.array([one(int(a), int(b), k) for a, b in zip(n, c)])",
        "sum(one(int(a), int(b), k) for a, b in zip(n, c)) / len(n)",
    ),
    "ignores_k": _each("return 1 - (n - c) / n"),
    "k_times_the_share": _each("return k * (c / n)"),
    "one_factor_short": _each("return 1 - comb(n - c, k - 1) / comb(n, k - 1)"),
    "one_factor_too_many": _each("return 1 - comb(n - c, k + 1) / comb(n, k + 1) if n > k else 1.0"),
    "counts_from_one": _each("p = 1.0\nfor i in range(1, k):\n    p *= max(n - c - i, 0) / (n - i)\nreturn 1 - p"),
    "too_few_samples_accepted": _each("return 1 - (comb(n - c, k) / comb(n, k) if n >= k else 0.0)").replace(
        """    if min(n) < k:
        raise ValueError("k > n")
""",
        "",
    ),
}

# ------------------------------------------------------------------------------------------ from noise to samples

RIGHT["ddpm_sample"] = [
    """
import torch

def ddpm_sample(eps_model, x_T, betas, noises):
    keep = 1.0 - betas
    abar = torch.stack([keep[: t + 1].prod() for t in range(len(keep))])
    sample = x_T
    for t, (beta, a, left) in reversed(list(enumerate(zip(betas, keep, abar)))):
        sample = sample / a.sqrt() - beta / (a * (1 - left)).sqrt() * eps_model(sample, t)
        if t != 0:
            sample = sample + beta.sqrt() * noises[t]
        sample = sample.detach()
    return sample
""",
    """
import torch

def ddpm_sample(eps_model, x_T, betas, noises):
    with torch.no_grad():
        noises = noises.clone()
        noises[0] = 0
        x, T = x_T, len(betas)
        abar = np.cumprod(1 - betas.numpy())
        for i in range(T):
            t = T - 1 - i
            x = (x - float(betas[t]) / np.sqrt(1 - abar[t]) * eps_model(x, t)) / np.sqrt(1 - float(betas[t])) \\
                + np.sqrt(float(betas[t])) * noises[t]
        return x.to(x_T.dtype)
""",
]

_STEPS = """
import torch

def ddpm_sample(eps_model, x_T, betas, noises):
    T = betas.numel()
    keep = 1 - betas
    left = {left}
    x = x_T.detach().clone()
    t = {first}
    while {go}:
        eps = eps_model(x, t).detach()
        mean = {mean}
        x = mean if {last} else mean + {spread} * noises[{which}]
        t {change} 1
    return {result}
"""


def _steps(**changes: str) -> str:
    parts = {
        "left": "torch.exp(torch.cumsum(torch.log(keep), 0))",
        "first": "T - 1",
        "go": "t >= 0",
        "mean": "(x - betas[t] / (1 - left[t]) ** 0.5 * eps) / keep[t] ** 0.5",
        "last": "t == 0",
        "spread": "betas[t] ** 0.5",
        "which": "t",
        "change": "-=",
        "result": "x",
    }
    return _STEPS.format(**{**parts, **changes})


WRONG["ddpm_sample"] = {
    "noise_at_last_step": _steps(last="t < 0"),
    "noise_ends_too_early": _steps(last="t <= 1"),
    "beta_not_root": _steps(spread="betas[t]"),
    "runs_forwards": _steps(first="0", go="t < T", change="+="),
    "removes_all_noise": _steps(mean="(x - (1 - left[t]) ** 0.5 * eps) / left[t] ** 0.5"),
    "forgets_rescale": _steps(mean="x - betas[t] / (1 - left[t]) ** 0.5 * eps"),
    "rescale_without_root": _steps(mean="(x - betas[t] / (1 - left[t]) ** 0.5 * eps) / keep[t]"),
    "rescale_by_abar": _steps(mean="(x - betas[t] / (1 - left[t]) ** 0.5 * eps) / left[t] ** 0.5"),
    "abar_is_cumsum": _steps(left="1 - torch.cumsum(betas, 0)"),
    "abar_of_betas": _steps(left="torch.exp(torch.cumsum(torch.log(betas), 0))"),
    "abar_not_accumulated": _steps(left="keep"),
    "abar_one_step_early": _steps(mean="(x - betas[t] / (1 - left[max(t - 1, 0)]) ** 0.5 * eps) / keep[t] ** 0.5"),
    "share_without_root": _steps(mean="(x - betas[t] * eps / (1 - left[t])) / keep[t] ** 0.5"),
    "share_with_root_of_beta": _steps(mean="(x - betas[t] ** 0.5 * eps / (1 - left[t]) ** 0.5) / keep[t] ** 0.5"),
    "one_step_short": _steps(go="t > 0"),
    "asks_about_the_start": _steps().replace("eps_model(x, t)", "eps_model(x_T, t)"),
    "times_from_one": _steps().replace("eps_model(x, t)", "eps_model(x, 1 + t)"),
    "noise_rescaled_too": _steps(
        mean="(x - betas[t] / (1 - left[t]) ** 0.5 * eps + (t > 0) * betas[t] ** 0.5 * noises[t]) / keep[t] ** 0.5",
        spread="0",
    ),
    "no_noise_added": _steps(spread="0"),
    "posterior_spread": _steps(spread="((1 - left[t - 1]) / (1 - left[t]) * betas[t]) ** 0.5"),
    "noises_in_reverse": _steps(which="t - 1"),
    "keeps_graph": _steps().replace("eps_model(x, t).detach()", "eps_model(x, t)"),
    "writes_into_x_t": _steps()
    .replace("x_T.detach().clone()", "x_T")
    .replace("x = mean if", "x[:] = mean if")
    .replace("eps = eps_model(x, t).detach()", "eps = eps_model(x, t).detach().clone()"),
}
