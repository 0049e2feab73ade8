"""Answers to lecture 11 as students write them, right and wrong, in the form that `autograder audit` reads."""

RIGHT = {}
WRONG = {}

# ------------------------------------------------------------------------------------------ the loss of pairs

RIGHT["clip_loss"] = [
    """
import torch
import torch.nn.functional as F

def clip_loss(image_emb, text_emb, log_scale):
    image_emb = F.normalize(image_emb, dim=-1)
    text_emb = F.normalize(text_emb, dim=-1)
    logits_per_image = torch.exp(log_scale) * image_emb @ text_emb.t()
    labels = torch.arange(image_emb.shape[0])
    loss_i = F.cross_entropy(logits_per_image, labels)
    loss_t = F.cross_entropy(logits_per_image.t(), labels)
    return (loss_i + loss_t) / 2
""",
    """
import torch

def clip_loss(image_emb, text_emb, log_scale):
    a = image_emb / image_emb.norm(dim=1, keepdim=True).clamp(min=1e-12)
    b = text_emb / text_emb.norm(dim=1, keepdim=True).clamp(min=1e-12)
    S = torch.exp(log_scale) * torch.einsum("id,jd->ij", a, b)
    diagonal = torch.diagonal(S)
    rows = torch.logsumexp(S, dim=1) - diagonal
    columns = torch.logsumexp(S, dim=0) - diagonal
    return 0.5 * (rows.mean() + columns.mean())
""",
    """
import torch

def clip_loss(image_emb, text_emb, log_scale):
    N = len(image_emb)
    image_emb = image_emb / torch.clamp(torch.linalg.norm(image_emb, dim=1, keepdim=True), min=1e-12)
    text_emb = text_emb / torch.clamp(torch.linalg.norm(text_emb, dim=1, keepdim=True), min=1e-12)
    logits = (image_emb @ text_emb.T) * log_scale.exp()
    total = 0
    for i in range(N):
        total = total - torch.log_softmax(logits[i], dim=0)[i]
        total = total - torch.log_softmax(logits[:, i], dim=0)[i]
    return total / (2 * N)
""",
    """
import torch
import torch.nn as nn

def clip_loss(image_emb, text_emb, log_scale):
    logits = nn.functional.cosine_similarity(image_emb[:, None], text_emb[None], dim=2, eps=1e-12) * log_scale.exp()
    logits = logits.double()
    eye = torch.eye(len(logits), dtype=logits.dtype)
    a = -(eye * logits.log_softmax(1)).sum() / len(logits)
    b = -(eye * logits.log_softmax(0)).sum() / len(logits)
    return (a + b) / 2
""",
]

WRONG["clip_loss"] = {
    "one_direction": """
import torch
import torch.nn.functional as F

def clip_loss(image_emb, text_emb, log_scale):
    a = F.normalize(image_emb, dim=-1)
    b = F.normalize(text_emb, dim=-1)
    return F.cross_entropy(log_scale.exp() * a @ b.T, torch.arange(len(a)))
""",
    "not_normalised": """
import torch
import torch.nn.functional as F

def clip_loss(image_emb, text_emb, log_scale):
    logits = torch.exp(log_scale) * (image_emb @ text_emb.T)
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
""",
    "one_side_not_normalised": """
import torch
import torch.nn.functional as F

def clip_loss(image_emb, text_emb, log_scale):
    image_emb = F.normalize(image_emb, dim=-1)
    logits = torch.exp(log_scale) * (image_emb @ text_emb.T)
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
""",
    "normalises_columns": """
import torch
import torch.nn.functional as F

def clip_loss(image_emb, text_emb, log_scale):
    a = image_emb / image_emb.norm(dim=0).clamp(min=1e-12)
    b = text_emb / text_emb.norm(dim=0).clamp(min=1e-12)
    logits = torch.exp(log_scale) * (a @ b.T)
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
""",
    "divides_by_scale": """
import torch
import torch.nn.functional as F

def clip_loss(image_emb, text_emb, log_scale):
    logits = F.normalize(image_emb, dim=1) @ F.normalize(text_emb, dim=1).T / torch.exp(log_scale)
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
""",
    "scale_not_exponentiated": """
import torch
import torch.nn.functional as F

def clip_loss(image_emb, text_emb, log_scale):
    logits = log_scale * (F.normalize(image_emb, dim=1) @ F.normalize(text_emb, dim=1).T)
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
""",
    "scale_forgotten": """
import torch
import torch.nn.functional as F

def clip_loss(image_emb, text_emb, log_scale):
    logits = F.normalize(image_emb, dim=1) @ F.normalize(text_emb, dim=1).T
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
""",
    "naive_softmax_overflow": """
import torch
import torch.nn.functional as F

def clip_loss(image_emb, text_emb, log_scale):
    sims = torch.exp(torch.exp(log_scale) * F.normalize(image_emb, dim=1) @ F.normalize(text_emb, dim=1).T)
    rows = torch.diag(sims) / sims.sum(dim=1)
    columns = torch.diag(sims) / sims.sum(dim=0)
    return -(torch.log(rows).mean() + torch.log(columns).mean()) / 2
""",
    "no_half": """
import torch
import torch.nn.functional as F

def clip_loss(image_emb, text_emb, log_scale):
    logits = torch.exp(log_scale) * F.normalize(image_emb, dim=1) @ F.normalize(text_emb, dim=1).T
    labels = torch.arange(len(logits))
    return F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)
""",
    "sum_not_mean": """
import torch
import torch.nn.functional as F

def clip_loss(image_emb, text_emb, log_scale):
    logits = torch.exp(log_scale) * F.normalize(image_emb, dim=1) @ F.normalize(text_emb, dim=1).T
    rows = logits.log_softmax(dim=1).diagonal()
    columns = logits.log_softmax(dim=0).diagonal()
    return -(rows.sum() + columns.sum()) / 2
""",
    "softmax_twice": """
import torch
import torch.nn.functional as F

def clip_loss(image_emb, text_emb, log_scale):
    logits = torch.exp(log_scale) * F.normalize(image_emb, dim=1) @ F.normalize(text_emb, dim=1).T
    labels = torch.arange(len(logits))
    loss_i = F.cross_entropy(F.softmax(logits, dim=1), labels)
    loss_t = F.cross_entropy(F.softmax(logits.T, dim=1), labels)
    return (loss_i + loss_t) / 2
""",
    "only_pulls": """
import torch
import torch.nn.functional as F

def clip_loss(image_emb, text_emb, log_scale):
    a, b = F.normalize(image_emb, dim=1), F.normalize(text_emb, dim=1)
    return -(log_scale.exp() * (a * b).sum(dim=1)).mean()
""",
    "scale_clamped": """
import torch
import torch.nn.functional as F

def clip_loss(image_emb, text_emb, log_scale):
    scale = torch.clamp(log_scale.exp(), max=100)
    logits = scale * F.normalize(image_emb, dim=1) @ F.normalize(text_emb, dim=1).T
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
""",
    "scale_without_gradient": """
import math
import torch
import torch.nn.functional as F

def clip_loss(image_emb, text_emb, log_scale):
    scale = math.exp(log_scale.item())
    logits = scale * F.normalize(image_emb, dim=1) @ F.normalize(text_emb, dim=1).T
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
""",
    "embeddings_without_gradient": """
import torch
import torch.nn.functional as F

def clip_loss(image_emb, text_emb, log_scale):
    with torch.no_grad():
        cosines = F.normalize(image_emb, dim=1) @ F.normalize(text_emb, dim=1).T
    logits = log_scale.exp() * cosines
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
""",
    "zero_row_unguarded": """
import torch
import torch.nn.functional as F

def clip_loss(image_emb, text_emb, log_scale):
    a = image_emb / image_emb.norm(dim=1, keepdim=True)
    b = text_emb / text_emb.norm(dim=1, keepdim=True)
    logits = log_scale.exp() * a @ b.T
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
""",
    "labels_are_zero": """
import torch
import torch.nn.functional as F

def clip_loss(image_emb, text_emb, log_scale):
    logits = torch.exp(log_scale) * F.normalize(image_emb, dim=1) @ F.normalize(text_emb, dim=1).T
    labels = torch.zeros(len(logits), dtype=torch.long)
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
""",
    "two_results": """
import torch
import torch.nn.functional as F

def clip_loss(image_emb, text_emb, log_scale):
    logits = torch.exp(log_scale) * F.normalize(image_emb, dim=1) @ F.normalize(text_emb, dim=1).T
    labels = torch.arange(len(logits))
    return F.cross_entropy(logits, labels), F.cross_entropy(logits.T, labels)
""",
}

# ------------------------------------------------------------------------------------------ prompts as a classifier

RIGHT["zero_shot_scores"] = [
    """
import torch.nn.functional as F

def zero_shot_scores(image_emb, prompt_emb):
    prompts = F.normalize(prompt_emb, dim=-1)
    classes = F.normalize(prompts.sum(dim=1), dim=-1)
    return F.normalize(image_emb, dim=-1) @ classes.T
""",
    """
import torch

def zero_shot_scores(image_emb, prompt_emb):
    N, C = len(image_emb), len(prompt_emb)
    scores = torch.zeros(N, C, dtype=image_emb.dtype)
    for j in range(C):
        mean = torch.zeros_like(prompt_emb[j, 0])
        for prompt in prompt_emb[j]:
            mean = mean + prompt / prompt.norm() / len(prompt_emb[j])
        for i in range(N):
            scores[i, j] = image_emb[i] @ mean / (image_emb[i].norm() * mean.norm())
    return scores
""",
    """
import torch

def zero_shot_scores(image_emb, prompt_emb):
    unit = lambda v: v / torch.clamp(torch.sqrt((v ** 2).sum(-1, keepdim=True)), min=1e-12)
    return torch.einsum("nd,cd->nc", unit(image_emb), unit(unit(prompt_emb).mean(1)))
""",
    """
import torch

def zero_shot_scores(image_emb, prompt_emb):
    w = torch.nn.functional.normalize(prompt_emb, dim=2).mean(1)
    return torch.nn.functional.cosine_similarity(image_emb[:, None, :], w[None, :, :], dim=-1, eps=1e-12)
""",
]

WRONG["zero_shot_scores"] = {
    "averages_raw_prompts": """
import torch.nn.functional as F

def zero_shot_scores(image_emb, prompt_emb):
    classes = F.normalize(prompt_emb.mean(dim=1), dim=-1)
    return F.normalize(image_emb, dim=-1) @ classes.T
""",
    "class_vector_not_renormalised": """
import torch.nn.functional as F

def zero_shot_scores(image_emb, prompt_emb):
    classes = F.normalize(prompt_emb, dim=-1).mean(dim=1)
    return F.normalize(image_emb, dim=-1) @ classes.T
""",
    "image_not_normalised": """
import torch.nn.functional as F

def zero_shot_scores(image_emb, prompt_emb):
    classes = F.normalize(F.normalize(prompt_emb, dim=-1).mean(dim=1), dim=-1)
    return image_emb @ classes.T
""",
    "averages_over_classes": """
import torch.nn.functional as F

def zero_shot_scores(image_emb, prompt_emb):
    classes = F.normalize(F.normalize(prompt_emb, dim=-1).mean(dim=0), dim=-1)
    return F.normalize(image_emb, dim=-1) @ classes.T
""",
    "norms_along_the_prompts": """
from torch.nn.functional import normalize

def zero_shot_scores(image_emb, prompt_emb):
    w = normalize(normalize(prompt_emb).mean(dim=1))
    return normalize(image_emb) @ w.T
""",
    "best_prompt_only": """
import torch.nn.functional as F

def zero_shot_scores(image_emb, prompt_emb):
    C, P, D = prompt_emb.shape
    cosines = F.normalize(image_emb, dim=-1) @ F.normalize(prompt_emb, dim=-1).reshape(C * P, D).T
    return cosines.reshape(-1, C, P).max(dim=2).values
""",
    "first_prompt_only": """
import torch.nn.functional as F

def zero_shot_scores(image_emb, prompt_emb):
    return F.normalize(image_emb, dim=-1) @ F.normalize(prompt_emb[:, 0, :], dim=-1).T
""",
    "nothing_normalised": """
def zero_shot_scores(image_emb, prompt_emb):
    return image_emb @ prompt_emb.mean(dim=1).T
""",
    "softmax_of_scores": """
import torch.nn.functional as F

def zero_shot_scores(image_emb, prompt_emb):
    classes = F.normalize(F.normalize(prompt_emb, dim=-1).mean(dim=1), dim=-1)
    return F.softmax(F.normalize(image_emb, dim=-1) @ classes.T, dim=-1)
""",
    "classes_in_rows": """
import torch.nn.functional as F

def zero_shot_scores(image_emb, prompt_emb):
    classes = F.normalize(F.normalize(prompt_emb, dim=-1).mean(dim=1), dim=-1)
    return classes @ F.normalize(image_emb, dim=-1).T
""",
    "labels_instead_of_scores": """
import torch.nn.functional as F

def zero_shot_scores(image_emb, prompt_emb):
    classes = F.normalize(F.normalize(prompt_emb, dim=-1).mean(dim=1), dim=-1)
    return (F.normalize(image_emb, dim=-1) @ classes.T).argmax(dim=1)
""",
    "normalises_the_whole_tensor": """
def zero_shot_scores(image_emb, prompt_emb):
    classes = (prompt_emb / prompt_emb.norm()).mean(dim=1)
    classes = classes / classes.norm()
    return (image_emb / image_emb.norm()) @ classes.T
""",
    "all_prompts": """
import torch.nn.functional as F

def zero_shot_scores(image_emb, prompt_emb):
    return F.normalize(image_emb, dim=-1) @ F.normalize(prompt_emb, dim=-1).flatten(0, 1).T
""",
}

# ------------------------------------------------------------------------------------------ two encoders from pairs

_START = """
import torch
from torch import nn
import torch.nn.functional as F

torch.set_num_threads(1)

def contrastive(a, b, log_scale):
    logits = log_scale.exp() * F.normalize(a, dim=1) @ F.normalize(b, dim=1).T
    pairs = torch.arange(len(a))
    return (F.cross_entropy(logits, pairs) + F.cross_entropy(logits.T, pairs)) / 2

class Bag(nn.Module):
    def __init__(self, words, width):
        super().__init__()
        self.table = nn.Embedding(words, width)

    def forward(self, tokens):
        there = (tokens > 0).unsqueeze(-1).float()
        return (self.table(tokens) * there).sum(dim=1) / there.sum(dim=1)

def cnn(width):
    return nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(256, width))

def mlp(width):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, width))
"""

RIGHT["train_digit_clip"] = [
    _START
    + """
def train_digit_clip(images, tokens, vocab_size, seed=0):
    torch.manual_seed(seed)
    image_encoder, text_encoder = cnn(24), Bag(vocab_size, 24)
    log_scale = nn.Parameter(torch.tensor(2.0))
    params = list(image_encoder.parameters()) + list(text_encoder.parameters()) + [log_scale]
    opt = torch.optim.Adam(params, lr=0.01)
    for epoch in range(8):
        order = torch.randperm(len(images))
        for start in range(0, len(images), 150):
            idx = order[start:start + 150]
            opt.zero_grad()
            loss = contrastive(image_encoder(images[idx]), text_encoder(tokens[idx]), log_scale)
            loss.backward()
            opt.step()
    image_encoder.eval()
    text_encoder.eval()
    return image_encoder, text_encoder
""",
    _START
    + """
class Words(nn.Module):
    def __init__(self, words, width):
        super().__init__()
        self.table = nn.Embedding(words, 16, padding_idx=0)
        self.rnn = nn.GRU(16, width, batch_first=True)

    def forward(self, tokens):
        states, _ = self.rnn(self.table(tokens))
        last = (tokens > 0).sum(dim=1) - 1
        return states[torch.arange(len(tokens)), last]

def train_digit_clip(images, tokens, vocab_size, seed=0):
    torch.manual_seed(seed)
    image_encoder = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64), nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 32))
    text_encoder = Words(vocab_size, 32)
    scale = torch.tensor(2.5)
    opt = torch.optim.AdamW([*image_encoder.parameters(), *text_encoder.parameters()], lr=0.01, weight_decay=0.1)
    data = torch.utils.data.TensorDataset(images, tokens)
    for epoch in range(12):
        for x, y in torch.utils.data.DataLoader(data, batch_size=200, shuffle=True):
            loss = contrastive(image_encoder(x), text_encoder(y), scale)
            opt.zero_grad()
            loss.backward()
            opt.step()
    return [image_encoder.eval(), text_encoder.eval()]
""",
    _START
    + """
def train_digit_clip(images, tokens, vocab_size, seed=0):
    torch.manual_seed(seed)
    vision, language = mlp(32), Bag(vocab_size, 32)
    log_scale = torch.tensor(2.0, requires_grad=True)
    opt = torch.optim.SGD([{"params": vision.parameters()}, {"params": language.parameters(), "lr": 5.0},
                           {"params": [log_scale], "lr": 0.01}], lr=0.3, momentum=0.9)
    for step in range(250):
        idx = torch.randint(0, len(images), (128,))
        loss = contrastive(vision(images[idx]), language(tokens[idx]), log_scale)
        opt.zero_grad()
        loss.backward()
        opt.step()
    return vision.eval(), language.eval()
""",
]

_TRAIN = """
def train_digit_clip(images, tokens, vocab_size, seed=0):
    torch.manual_seed(seed)
    image_encoder, text_encoder = {encoders}
    log_scale = nn.Parameter(torch.tensor(2.0))
    opt = torch.optim.Adam({parameters}, lr=0.01)
    for epoch in range({epochs}):
        for idx in torch.randperm(len(images)).split(150):
            other = {other}
            loss = {loss}
            opt.zero_grad()
            loss.backward()
            opt.step()
    return {result}
"""


def _train(**changes: str) -> str:
    parts = {
        "encoders": "mlp(24), Bag(vocab_size, 24)",
        "parameters": "[*image_encoder.parameters(), *text_encoder.parameters(), log_scale]",
        "epochs": "3",
        "other": "idx",
        "loss": "contrastive(image_encoder(images[idx]), text_encoder(tokens[other]), log_scale)",
        "result": "image_encoder.eval(), text_encoder.eval()",
    }
    return _START + _TRAIN.format(**{**parts, **changes})


WRONG["train_digit_clip"] = {
    "pairs_shuffled_apart": _train(other="idx[torch.randperm(len(idx))]"),
    "no_negatives": _train(
        epochs="12", loss="1 - F.cosine_similarity(image_encoder(images[idx]), text_encoder(tokens[idx])).mean()"
    ),
    "text_encoder_frozen_to_first_word": _train(
        loss="contrastive(image_encoder(images[idx]), text_encoder(tokens[idx]), log_scale)",
        encoders="mlp(24), First(vocab_size, 24)",
    )
    + """
class First(nn.Module):
    def __init__(self, words, width):
        super().__init__()
        self.table = nn.Embedding(words, width)

    def forward(self, tokens):
        return self.table(tokens)[:, 0, :]
""",
    "never_trains_image_encoder": _train(parameters="[*text_encoder.parameters(), log_scale]"),
    "encoders_returned_swapped": _train(epochs="1", result="text_encoder.eval(), image_encoder.eval()"),
    "left_in_training_mode": _train(epochs="1", result="image_encoder, text_encoder"),
    "widths_differ": _train(
        epochs="1", result="nn.Sequential(image_encoder, nn.Linear(24, 10)).eval(), text_encoder.eval()"
    ),
    "returns_the_image_encoder": _train(epochs="1", result="image_encoder.eval()"),
    "returns_embeddings": _train(epochs="1", result="image_encoder(images), text_encoder(tokens)"),
    "never_steps": _train(epochs="0"),
    "one_dimensional": _train(encoders="mlp(1), Bag(vocab_size, 1)", epochs="1"),
}

# ------------------------------------------------------------------------------------------ laws of scale

RIGHT["fit_scaling_law"] = [
    """
from scipy.optimize import least_squares

def fit_scaling_law(n, loss):
    x, y = np.log(np.asarray(n, float)), np.log(np.asarray(loss, float))
    def residual(p):
        return np.log(np.exp(p[0]) + np.exp(p[1] - np.exp(p[2]) * (x - x.min()))) - y
    best = None
    for alpha in (0.05, 0.1, 0.3, 0.6, 1.0):
        for share in (1e-6, 0.1, 0.5, 0.9):
            e = share * loss.min()
            start = [np.log(e), np.log(max(loss.max() - e, 1e-3)), np.log(alpha)]
            fit = least_squares(residual, start, xtol=1e-14, ftol=1e-14, gtol=1e-14, max_nfev=400)
            if best is None or fit.cost < best.cost:
                best = fit
    alpha = np.exp(best.x[2])
    return np.exp(best.x[0]), np.exp(best.x[1] + alpha * x.min()), alpha
""",
    """
def fit_scaling_law(n, loss):
    n = np.asarray(n, dtype=float)
    loss = np.asarray(loss, dtype=float)
    low, high = 0.0, loss.min() * (1 - 1e-9)
    for _ in range(8):
        best = (np.inf, 0, 0, 0)
        grid = np.linspace(low, high, 150)
        for E in grid[:-1] if high == loss.min() else grid:
            slope, offset = np.polyfit(np.log(n), np.log(np.maximum(loss - E, 1e-300)), 1)
            error = np.sum((np.log(E + np.exp(offset) * n ** slope) - np.log(loss)) ** 2)
            if error < best[0]:
                best = (error, E, np.exp(offset), -slope)
        width = grid[1] - grid[0]
        low, high = max(best[1] - 2 * width, 0.0), min(best[1] + 2 * width, loss.min() * (1 - 1e-9))
    return best[1], best[2], best[3]
""",
    """
def fit_scaling_law(n, loss):
    n = np.array(n, dtype=np.float64)
    loss = np.array(loss, dtype=np.float64)
    best = None
    for alpha in np.arange(0.01, 1.5, 0.001):
        v = n ** -alpha
        w = 1 / loss
        M = np.stack([w, v * w], axis=1)
        E, A = np.linalg.lstsq(M, np.ones(len(n)), rcond=None)[0]
        if E < 0:
            E, A = 0.0, np.sum(v * w) / np.sum((v * w) ** 2)
        if A <= 0:
            continue
        error = np.sum((np.log(E + A * v) - np.log(loss)) ** 2)
        if best is None or error < best[0]:
            best = (error, float(E), float(A), float(alpha))
    return best[1:]
""",
]

WRONG["fit_scaling_law"] = {
    "ignores_floor": """
def fit_scaling_law(n, loss):
    slope, offset = np.polyfit(np.log(n), np.log(loss), 1)
    return 0.0, float(np.exp(offset)), float(-slope)
""",
    "negative_exponent": """
def fit_scaling_law(n, loss):
    n = np.asarray(n, float)
    best = (np.inf,)
    for E in np.linspace(0, loss.min() * 0.9999, 300):
        slope, offset = np.polyfit(np.log(n), np.log(loss - E), 1)
        error = np.sum((np.log(E + np.exp(offset) * n ** slope) - np.log(loss)) ** 2)
        if error < best[0]:
            best = (error, E, np.exp(offset), slope)
    return best[1], best[2], best[3]
""",
    "assumes_inverse_law": """
def fit_scaling_law(n, loss):
    n = np.asarray(n, float)
    M = np.column_stack([np.ones(len(n)), 1 / n])
    E, A = np.linalg.lstsq(M, loss, rcond=None)[0]
    return E, A, 1.0
""",
    "floor_is_smallest_loss": """
def fit_scaling_law(n, loss):
    E = np.min(loss)
    keep = loss > E
    slope, offset = np.polyfit(np.log(n[keep]), np.log(loss[keep] - E), 1)
    return E, np.exp(offset), -slope
""",
    "returns_log_of_a": """
def fit_scaling_law(n, loss):
    n = np.asarray(n, float)
    best = (np.inf,)
    for alpha in np.arange(0.01, 1.5, 0.001):
        M = np.column_stack([1 / loss, n ** -alpha / loss])
        (E, A), *_ = np.linalg.lstsq(M, np.ones(len(n)), rcond=None)
        if E < 0:
            E, A = 0.0, np.mean(loss * n ** alpha)
        error = np.sum((M @ [E, A] - 1) ** 2)
        if error < best[0]:
            best = (error, E, np.log(A), alpha)
    return best[1:]
""",
    "results_in_another_order": """
def fit_scaling_law(n, loss):
    n = np.asarray(n, float)
    best = (np.inf,)
    for alpha in np.arange(0.01, 1.5, 0.001):
        M = np.column_stack([1 / loss, n ** -alpha / loss])
        (E, A), *_ = np.linalg.lstsq(M, np.ones(len(n)), rcond=None)
        if E < 0:
            E, A = 0.0, np.mean(loss * n ** alpha)
        error = np.sum((M @ [E, A] - 1) ** 2)
        if error < best[0]:
            best = (error, A, alpha, E)
    return best[1:]
""",
    "coarse_grid": """
def fit_scaling_law(n, loss):
    n = np.asarray(n, float)
    best = (np.inf,)
    for alpha in (0.15, 0.45, 0.75, 1.05):
        M = np.column_stack([np.ones(len(n)), n ** -alpha])
        (E, A), *_ = np.linalg.lstsq(M, loss, rcond=None)
        error = np.sum((M @ [E, A] - loss) ** 2)
        if error < best[0]:
            best = (error, max(E, 0), A, alpha)
    return best[1:]
""",
    "two_results": """
def fit_scaling_law(n, loss):
    slope, offset = np.polyfit(np.log(n), np.log(loss), 1)
    return np.exp(offset), -slope
""",
    "mean_of_the_last": """
def fit_scaling_law(n, loss):
    E = 0.95 * loss.min()
    slope, offset = np.polyfit(np.log(n), np.log(loss - E), 1)
    return E, np.exp(offset), -slope
""",
}

# ------------------------------------------------------------------------------------------ a budget to split

RIGHT["chinchilla_optimum"] = [
    """
def chinchilla_optimum(compute, E, A, B, alpha, beta):
    a, b = beta / (alpha + beta), alpha / (alpha + beta)
    G = (alpha * A / beta / B) ** (1 / (alpha + beta))
    N = G * (compute / 6) ** a
    D = 1 / G * (compute / 6) ** b
    return N, D, E + A / N ** alpha + B / D ** beta
""",
    """
def chinchilla_optimum(compute, E, A, B, alpha, beta):
    C = np.asarray(compute, dtype=float) / 6
    low, high = np.zeros_like(C) - 5.0, np.log(C) + 5.0
    for _ in range(200):
        mid = (low + high) / 2
        # derivative of A e^{-alpha u} + B (C e^{-u})^{-beta} with respect to u = log N
        slope = -alpha * A * np.exp(-alpha * mid) + beta * B * np.exp(-beta * (np.log(C) - mid))
        low, high = np.where(slope < 0, mid, low), np.where(slope < 0, high, mid)
    N = np.exp((low + high) / 2)
    D = C / N
    return N, D, E + A * N ** -alpha + B * D ** -beta
""",
    """
from scipy.optimize import minimize_scalar

def chinchilla_optimum(compute, E, A, B, alpha, beta):
    def one(c):
        f = lambda u: A * np.exp(-alpha * u) + B * (c / 6 / np.exp(u)) ** -beta
        u = minimize_scalar(f, bracket=(5.0, 20.0), tol=1e-12).x
        n = np.exp(u)
        return n, c / 6 / n, E + f(u)
    shape = np.shape(compute)
    results = np.array([one(float(c)) for c in np.ravel(compute)]).T
    n, d, loss = (r.reshape(shape) for r in results)
    return (float(n), float(d), float(loss)) if shape == () else (n, d, loss)
""",
]

_CHINCHILLA = """
def chinchilla_optimum(compute, E, A, B, alpha, beta):
    G = {G}
    N = {N}
    D = {D}
    return {result}
"""


def _chinchilla(**changes: str) -> str:
    parts = {
        "G": "(alpha * A / (beta * B)) ** (1 / (alpha + beta))",
        "N": "G * (compute / 6) ** (beta / (alpha + beta))",
        "D": "compute / (6 * N)",
        "result": "N, D, E + A * N ** (-alpha) + B * D ** (-beta)",
    }
    return _CHINCHILLA.format(**{**parts, **changes})


WRONG["chinchilla_optimum"] = {
    "forgets_six": _chinchilla(N="G * compute ** (beta / (alpha + beta))", D="compute / N"),
    "six_in_one_place_only": _chinchilla(N="G * compute ** (beta / (alpha + beta))"),
    "exponents_swapped": _chinchilla(N="G * (compute / 6) ** (alpha / (alpha + beta))"),
    "even_split": _chinchilla(N="(compute / 6) ** 0.5"),
    "prefactor_dropped": _chinchilla(G="1"),
    "prefactor_upside_down": _chinchilla(G="(beta * B / (alpha * A)) ** (1 / (alpha + beta))"),
    "prefactor_without_root": _chinchilla(G="alpha * A / (beta * B)"),
    "terms_made_equal": _chinchilla(G="(A / B) ** (1 / (alpha + beta))"),
    "model_and_data_swapped": _chinchilla(result="D, N, E + A * N ** (-alpha) + B * D ** (-beta)"),
    "floor_forgotten": _chinchilla(result="N, D, A * N ** (-alpha) + B * D ** (-beta)"),
    "twenty_tokens_a_parameter": _chinchilla(N="(compute / 120) ** 0.5"),
    "without_loss": _chinchilla(result="N, D"),
    "loss_with_swapped_exponents": _chinchilla(result="N, D, E + A * N ** (-beta) + B * D ** (-alpha)"),
}

# ------------------------------------------------------------------------------------------ decoding

RIGHT["scratchpad_decode"] = [
    """
def scratchpad_decode(step, prompt, stop, max_new):
    tokens = []
    for _ in range(max_new):
        logits = step(list(prompt) + tokens)
        token = int(logits.argmax())
        if token == stop:
            return tokens, True
        tokens.append(token)
    return tokens, False
""",
    """
def scratchpad_decode(step, prompt, stop, max_new):
    sequence = np.array(prompt, dtype=np.int64)
    new = 0
    while new < max_new:
        token = np.argmax(step(sequence))
        if token == stop:
            return sequence[len(prompt):].tolist(), True
        sequence = np.append(sequence, token)
        new += 1
    return sequence[len(prompt):].tolist(), False
""",
    """
def scratchpad_decode(step, prompt, stop, max_new):
    seq = prompt.copy()
    finished = False
    while not finished and len(seq) < len(prompt) + max_new:
        logits = list(step(seq))
        best = logits.index(max(logits))
        if best == stop:
            finished = True
        else:
            seq.append(best)
    return seq[len(prompt):], finished
""",
    """
def scratchpad_decode(step, prompt, stop, max_new):
    if max_new == 0:
        return [], False
    token = int(np.argmax(step(prompt)))
    if token == stop:
        return [], True
    rest, finished = scratchpad_decode(step, prompt + [token], stop, max_new - 1)
    return [token] + rest, finished
""",
]

WRONG["scratchpad_decode"] = {
    "counts_the_prompt": """
def scratchpad_decode(step, prompt, stop, max_new):
    sequence = list(prompt)
    while len(sequence) < max_new:
        token = int(np.argmax(step(sequence)))
        if token == stop:
            return sequence[len(prompt):], True
        sequence.append(token)
    return sequence[len(prompt):], False
""",
    "forgets_its_own_tokens": """
def scratchpad_decode(step, prompt, stop, max_new):
    tokens = []
    for _ in range(max_new):
        token = int(np.argmax(step(prompt)))
        if token == stop:
            return tokens, True
        tokens.append(token)
    return tokens, False
""",
    "sees_last_token_only": """
def scratchpad_decode(step, prompt, stop, max_new):
    tokens = []
    context = prompt
    for _ in range(max_new):
        token = int(np.argmax(step(context)))
        if token == stop:
            return tokens, True
        tokens.append(token)
        context = [token]
    return tokens, False
""",
    "sees_own_tokens_only": """
def scratchpad_decode(step, prompt, stop, max_new):
    tokens = []
    for _ in range(max_new):
        token = int(np.argmax(step(tokens if tokens else prompt)))
        if token == stop:
            return tokens, True
        tokens.append(token)
    return tokens, False
""",
    "keeps_stop_token": """
def scratchpad_decode(step, prompt, stop, max_new):
    tokens = []
    for _ in range(max_new):
        tokens.append(int(np.argmax(step(prompt + tokens))))
        if tokens[-1] == stop:
            return tokens, True
    return tokens, False
""",
    "returns_prompt_as_well": """
def scratchpad_decode(step, prompt, stop, max_new):
    sequence = list(prompt)
    for _ in range(max_new):
        token = int(np.argmax(step(sequence)))
        if token == stop:
            return sequence, True
        sequence.append(token)
    return sequence, False
""",
    "changes_prompt": """
def scratchpad_decode(step, prompt, stop, max_new):
    tokens = []
    for _ in range(max_new):
        token = int(np.argmax(step(prompt)))
        if token == stop:
            return tokens, True
        tokens.append(token)
        prompt += [token]
    return tokens, False
""",
    "one_token_too_many": """
def scratchpad_decode(step, prompt, stop, max_new):
    tokens = []
    while len(tokens) <= max_new:
        token = int(np.argmax(step(prompt + tokens)))
        if token == stop:
            return tokens, True
        tokens.append(token)
    return tokens, False
""",
    "one_call_too_many": """
def scratchpad_decode(step, prompt, stop, max_new):
    tokens = []
    token = int(np.argmax(step(prompt)))
    while token != stop and len(tokens) < max_new:
        tokens.append(token)
        token = int(np.argmax(step(prompt + tokens)))
    return tokens, token == stop
""",
    "asks_twice": """
def scratchpad_decode(step, prompt, stop, max_new):
    tokens = []
    while len(tokens) < max_new:
        best = max(range(len(step(prompt + tokens))), key=lambda i, logits=step(prompt + tokens): logits[i])
        if best == stop:
            return tokens, True
        tokens.append(best)
    return tokens, False
""",
    "one_token_too_few": """
def scratchpad_decode(step, prompt, stop, max_new):
    tokens = []
    for _ in range(1, max_new):
        token = int(np.argmax(step(prompt + tokens)))
        if token == stop:
            return tokens, True
        tokens.append(token)
    return tokens, False
""",
    "last_of_equals": """
def scratchpad_decode(step, prompt, stop, max_new):
    tokens = []
    while len(tokens) < max_new:
        token = int(np.argsort(step(prompt + tokens), kind="stable")[-1])
        if token == stop:
            return tokens, True
        tokens.append(token)
    return tokens, False
""",
    "ignores_stop": """
def scratchpad_decode(step, prompt, stop, max_new):
    tokens = []
    while len(tokens) < max_new:
        tokens.append(int(np.argmax(step(prompt + tokens))))
    return tokens, False
""",
    "finished_the_wrong_way_round": """
def scratchpad_decode(step, prompt, stop, max_new):
    tokens = []
    while len(tokens) < max_new:
        token = int(np.argmax(step(prompt + tokens)))
        if token == stop:
            return tokens, False
        tokens.append(token)
    return tokens, True
""",
    "always_finished": """
def scratchpad_decode(step, prompt, stop, max_new):
    tokens = []
    while len(tokens) < max_new:
        token = int(np.argmax(step(prompt + tokens)))
        if token == stop:
            break
        tokens.append(token)
    return tokens, True
""",
    "only_tokens": """
def scratchpad_decode(step, prompt, stop, max_new):
    tokens = []
    while len(tokens) < max_new:
        token = int(np.argmax(step(prompt + tokens)))
        if token == stop:
            break
        tokens.append(token)
    return tokens
""",
    "order_of_results": """
def scratchpad_decode(step, prompt, stop, max_new):
    tokens = []
    while len(tokens) < max_new:
        token = int(np.argmax(step(prompt + tokens)))
        if token == stop:
            return True, tokens
        tokens.append(token)
    return False, tokens
""",
    "samples": """
def scratchpad_decode(step, prompt, stop, max_new):
    rng = np.random.default_rng(0)
    tokens = []
    while len(tokens) < max_new:
        p = np.exp(step(prompt + tokens))
        token = int(rng.choice(len(p), p=p / p.sum()))
        if token == stop:
            return tokens, True
        tokens.append(token)
    return tokens, False
""",
}

# ------------------------------------------------------------------------------------------ k attempts

RIGHT["pass_at_k"] = [
    """
def pass_at_k(n, c, k):
    def one(n, c):
        if n < k:
            raise ValueError("n < k")
        if n - c < k:
            return 1.0
        return 1.0 - np.prod(1.0 - k / np.arange(n - c + 1, n + 1))
    return np.array([one(a, b) for a, b in zip(n, c)])
""",
    """
import math

def pass_at_k(n, c, k):
    if any(int(a) < k for a in n):
        raise ValueError("not enough samples")
    return np.array([1 - math.comb(int(a) - int(b), k) / math.comb(int(a), k) for a, b in zip(n, c)])
""",
    """
from scipy.special import gammaln

def pass_at_k(n, c, k):
    n, c = np.asarray(n), np.asarray(c)
    if np.any(n < k):
        raise ValueError("n must be at least k")
    wrong = n - c
    safe = np.maximum(wrong, k)
    log_ratio = gammaln(safe + 1) - gammaln(safe - k + 1) - gammaln(n + 1) + gammaln(n - k + 1)
    return np.where(wrong < k, 1.0, 1 - np.exp(log_ratio))
""",
    """
from fractions import Fraction

def pass_at_k(n, c, k):
    result = []
    for total, right in zip(n.tolist(), c.tolist()):
        if total < k:
            raise ValueError(f"{total} samples, {k} wanted")
        p = Fraction(1)
        for i in range(k):
            p *= Fraction(max(total - right - i, 0), total - i)
        result.append(float(1 - p))
    return np.array(result)
""",
]

_GUARD = """
import math

def pass_at_k(n, c, k):
    if (n < k).any():
        raise ValueError("n < k")
"""

WRONG["pass_at_k"] = {
    "plug_in_estimate": _GUARD
    + """
    p = c / n
    return 1 - (1 - p) ** k
""",
    "all_must_pass": _GUARD
    + """
    return np.array([math.comb(int(b), k) / math.comb(int(a), k) for a, b in zip(n, c)])
""",
    "none_passes": _GUARD
    + """
    return np.array([math.comb(int(a - b), k) / math.comb(int(a), k) for a, b in zip(n, c)])
""",
    "overflow": _GUARD
    + """
    def choose(a, b):
        return float(math.factorial(a)) / (float(math.factorial(b)) * float(math.factorial(a - b))) if b <= a else 0.0
    return np.array([1 - choose(int(a - b), k) / choose(int(a), k) for a, b in zip(n, c)])
""",
    "integers_wrap": _GUARD
    + """
    def factorial(m):
        return np.arange(1, m + 1).prod()
    out = np.ones(len(n))
    for j in range(len(n)):
        w = n[j] - c[j]
        if w >= k:
            a = factorial(w) / (factorial(k) * factorial(w - k))
            out[j] = 1 - a / (factorial(n[j]) / (factorial(k) * factorial(n[j] - k)))
    return out
""",
    "too_few_failures_not_handled": _GUARD
    + """
    def log_choose(a, b):
        return math.lgamma(a + 1) - math.lgamma(b + 1) - math.lgamma(a - b + 1)
    return np.array([1 - math.exp(log_choose(a - b, k) - log_choose(a, k)) for a, b in zip(n, c)])
""",
    "returns_mean": _GUARD
    + """
    return np.mean([1 - math.comb(int(a - b), k) / math.comb(int(a), k) for a, b in zip(n, c)])
""",
    "ignores_k": _GUARD
    + """
    return c / n
""",
    "k_times_the_share": _GUARD
    + """
    return np.clip(k * c / n, 0, 1)
""",
    "one_factor_short": _GUARD
    + """
    return np.array([1 - np.prod([max(a - b - i, 0) / (a - i) for i in range(k - 1)]) for a, b in zip(n, c)])
""",
    "one_factor_too_many": _GUARD
    + """
    return np.array([1 - np.prod([max(a - b - i, 0) / max(a - i, 1) for i in range(k + 1)]) for a, b in zip(n, c)])
""",
    "counts_from_one": _GUARD
    + """
    return np.array([1 - np.prod([max(a - b - i, 0) / max(a - i, 1) for i in range(1, k + 1)]) for a, b in zip(n, c)])
""",
    "too_few_samples_accepted": """
def pass_at_k(n, c, k):
    out = []
    for total, right in zip(n, c):
        if total - right < k:
            out.append(1.0)
        else:
            out.append(1 - np.prod(1 - k / np.arange(total - right + 1, total + 1)))
    return np.array(out)
""",
    "returns_none": _GUARD
    + """
    print(1 - (1 - c / n) ** k)
""",
}

# ------------------------------------------------------------------------------------------ from noise to samples

RIGHT["ddpm_sample"] = [
    """
import torch

@torch.no_grad()
def ddpm_sample(eps_model, x_T, betas, noises):
    alphas = 1 - betas
    abar = torch.cumprod(alphas, dim=0)
    x = x_T.clone()
    for t in range(len(betas) - 1, -1, -1):
        eps = eps_model(x, t)
        mean = (x - betas[t] / torch.sqrt(1 - abar[t]) * eps) / torch.sqrt(alphas[t])
        x = mean + torch.sqrt(betas[t]) * noises[t] if t > 0 else mean
    return x
""",
    """
import torch

def ddpm_sample(eps_model, x_T, betas, noises):
    alphas = 1 - betas
    abar = torch.cumprod(alphas, 0)
    x = x_T
    for t in reversed(range(betas.shape[0])):
        with torch.no_grad():
            eps = eps_model(x, t)
        x0 = (x - (1 - abar[t]).sqrt() * eps) / abar[t].sqrt()
        before = abar[t - 1] if t > 0 else torch.ones_like(abar[0])
        mean = before.sqrt() * betas[t] / (1 - abar[t]) * x0 + alphas[t].sqrt() * (1 - before) / (1 - abar[t]) * x
        x = mean
        if t:
            x = x + betas[t] ** 0.5 * noises[t]
    return x
""",
    """
import math
import torch

def ddpm_sample(eps_model, x_T, betas, noises):
    T = len(betas)
    abar, running = [], 1.0
    for beta in betas.tolist():
        running *= 1 - beta
        abar.append(running)
    x = x_T.detach().clone()
    t = T - 1
    while t >= 0:
        beta = betas[t].item()
        x -= beta / math.sqrt(1 - abar[t]) * eps_model(x, t).detach()
        x /= math.sqrt(1 - beta)
        if t > 0:
            x += math.sqrt(beta) * noises[t]
        t -= 1
    return x
""",
    """
import torch

def ddpm_sample(eps_model, x_T, betas, noises):
    abar = (1 - betas).log().cumsum(0).exp()
    x = x_T
    with torch.inference_mode():
        for t in range(len(betas))[::-1]:
            score = -eps_model(x, t) / (1 - abar[t]).sqrt()
            x = (x + betas[t] * score) / (1 - betas[t]).sqrt()
            x = x + (t > 0) * betas[t].sqrt() * noises[t]
    return x.clone()
""",
]

_DDPM = """
import torch

@torch.no_grad()
def ddpm_sample(eps_model, x_T, betas, noises):
    abar = {abar}
    x = x_T.clone()
    for t in {times}:
        x = (x - {taken} * eps_model(x, t)) / {scale}
        if {when}:
            x = x + {spread} * {noise}
    return {result}
"""


def _ddpm(**changes: str) -> str:
    parts = {
        "abar": "torch.cumprod(1 - betas, dim=0)",
        "times": "range(len(betas) - 1, -1, -1)",
        "taken": "betas[t] / torch.sqrt(1 - abar[t])",
        "scale": "torch.sqrt(1 - betas[t])",
        "when": "t > 0",
        "spread": "torch.sqrt(betas[t])",
        "noise": "noises[t]",
        "result": "x",
    }
    return _DDPM.format(**{**parts, **changes})


WRONG["ddpm_sample"] = {
    "noise_at_last_step": _ddpm(when="True"),
    "noise_ends_too_early": _ddpm(when="t > 1"),
    "beta_not_root": _ddpm(spread="betas[t]"),
    "runs_forwards": _ddpm(times="range(len(betas))"),
    "removes_all_noise": _ddpm(taken="torch.sqrt(1 - abar[t])"),
    "forgets_rescale": _ddpm(scale="1"),
    "rescale_without_root": _ddpm(scale="(1 - betas[t])"),
    "rescale_by_abar": _ddpm(scale="torch.sqrt(abar[t])"),
    "abar_is_cumsum": _ddpm(abar="torch.cumsum(1 - betas, dim=0)"),
    "abar_of_betas": _ddpm(abar="torch.cumprod(betas, dim=0)"),
    "abar_not_accumulated": _ddpm(taken="betas[t] / torch.sqrt(betas[t])"),
    "abar_one_step_early": _ddpm(taken="betas[t] / torch.sqrt(1 - abar[t - 1])"),
    "share_without_root": _ddpm(taken="betas[t] / (1 - abar[t])"),
    "share_with_root_of_beta": _ddpm(taken="torch.sqrt(betas[t]) / torch.sqrt(1 - abar[t])"),
    "asks_about_the_start": _ddpm().replace("eps_model(x, t)", "eps_model(x_T, t)"),
    "times_from_one": _ddpm().replace("eps_model(x, t)", "eps_model(x, t + 1)"),
    "noise_rescaled_too": _ddpm(spread="torch.sqrt(betas[t] / (1 - betas[t]))"),
    "no_noise_added": _ddpm(when="False"),
    "posterior_spread": _ddpm(spread="torch.sqrt(betas[t] * (1 - abar[t - 1]) / (1 - abar[t]))"),
    "noises_in_reverse": _ddpm(noise="noises[len(betas) - 1 - t]"),
    "keeps_graph": _ddpm().replace("@torch.no_grad()\n", ""),
    "writes_into_x_t": _ddpm(taken="0 * betas[t]", result="x_T.copy_(x)"),
    "own_noise": _ddpm(noise="torch.randn(x.shape, generator=torch.Generator().manual_seed(0), dtype=x.dtype)"),
    "one_step_short": _ddpm(times="range(len(betas) - 1, 0, -1)"),
    "returns_the_path": _ddpm(result="[x_T, x]"),
    "abar_shifted": _ddpm(abar="torch.cumprod(1 - betas, dim=0) / (1 - betas)"),
}
