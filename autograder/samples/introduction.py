"""Answers to lecture 01 as students write them, right and wrong, in the form that `autograder audit` reads."""

RIGHT = {}
WRONG = {}

RIGHT["row_means"] = [
    """
def row_means(x):
    return np.mean(x, axis=1)
""",
    """
def row_means(x):
    N, D = x.shape
    means = np.zeros(N)
    for i in range(N):
        total = 0.0
        for j in range(D):
            total += x[i, j]
        means[i] = total / D
    return means
""",
    """
def row_means(x):
    return x @ np.full(x.shape[1], 1 / x.shape[1])
""",
]
WRONG["row_means"] = {
    "column_means": """
def row_means(x):
    return np.mean(x, axis=0)
""",
    "one_number": """
def row_means(x):
    return np.mean(x)
""",
    "keeps_axis": """
def row_means(x):
    return np.mean(x, axis=1, keepdims=True)
""",
    "row_sums": """
def row_means(x):
    return np.sum(x, axis=1)
""",
    "divides_by_rows": """
def row_means(x):
    return np.sum(x, axis=1) / x.shape[0]
""",
    "whole_number_division": """
def row_means(x):
    N, D = x.shape
    return np.array([sum(row) // D for row in x.astype(float)])
""",
    "prints": """
def row_means(x):
    print(np.mean(x, axis=1))
""",
    "median": """
def row_means(x):
    return np.median(x, axis=1)
""",
    "as_text": """
def row_means(x):
    return str(np.mean(x, axis=1))
""",
}

RIGHT["images_to_batch"] = [
    """
import torch

def images_to_batch(images, device):
    return torch.tensor(np.array(images), dtype=torch.float32, device=device).flatten(1) / 255
""",
    """
import torch

def images_to_batch(images, device):
    N, H, W = images.shape
    scaled = images.reshape(N, H * W).astype(np.float32) / np.float32(255)
    return torch.from_numpy(scaled.copy()).to(device)
""",
    """
import torch

def images_to_batch(images, device):
    rows = []
    for image in images:
        pixels = []
        for line in image:
            for value in line:
                pixels.append(float(value) / 255)
        rows.append(pixels)
    return torch.tensor(rows, dtype=torch.float32).to(device)
""",
]
WRONG["images_to_batch"] = {
    "not_scaled": """
import torch

def images_to_batch(images, device):
    x = np.array(images, dtype=np.float32).reshape(len(images), -1)
    return torch.from_numpy(x).to(device)
""",
    "scaled_by_brightest_pixel": """
import torch

def images_to_batch(images, device):
    x = np.array(images, dtype=np.float32).reshape(len(images), -1)
    return torch.from_numpy(x / x.max()).to(device)
""",
    "double_precision": """
import torch

def images_to_batch(images, device):
    x = np.array(images).reshape(len(images), -1) / 255
    return torch.from_numpy(x).to(device)
""",
    "all_images_in_one_row": """
import torch

def images_to_batch(images, device):
    x = np.array(images, dtype=np.float32) / 255
    return torch.from_numpy(x.flatten()).to(device)
""",
    "negative_stride_fails": """
import torch

def images_to_batch(images, device):
    x = torch.from_numpy(images).to(device)
    return x.reshape(len(images), -1).float() / 255
""",
    "device_ignored": """
import torch

def images_to_batch(images, device):
    x = np.array(images, dtype=np.float32).reshape(len(images), -1)
    return torch.from_numpy(x / 255)
""",
    "numpy_array": """
def images_to_batch(images, device):
    return np.array(images, dtype=np.float32).reshape(len(images), -1) / 255
""",
    "columns_of_pixels": """
import torch

def images_to_batch(images, device):
    x = np.array(images, dtype=np.float32).transpose(0, 2, 1).reshape(len(images), -1) / 255
    return torch.from_numpy(x).to(device)
""",
    "cut_to_zero_and_one": """
import torch

def images_to_batch(images, device):
    x = np.array(images).reshape(len(images), -1) // 255
    return torch.tensor(x, dtype=torch.float32, device=device)
""",
    "divides_by_256": """
import torch

def images_to_batch(images, device):
    x = np.array(images, dtype=np.float32).reshape(len(images), -1) / 256
    return torch.from_numpy(x).to(device)
""",
}

RIGHT["first_neuron"] = [
    """
from scipy.special import expit

def first_neuron(x, w, b):
    return expit(x @ w + b)
""",
    """
def first_neuron(x, w, b):
    z = x.dot(w) + b
    return 1 / (1 + np.exp(-z))
""",
    """
import math

def first_neuron(x, w, b):
    out = []
    for row in x:
        z = sum(float(a) * float(c) for a, c in zip(row, w)) + b
        if z >= 0:
            out.append(1 / (1 + math.exp(-z)))
        else:
            e = math.exp(z)
            out.append(e / (1 + e))
    return np.array(out)
""",
]
WRONG["first_neuron"] = {
    "bias_missing": """
def first_neuron(x, w, b):
    return 1 / (1 + np.exp(-(x @ w)))
""",
    "overflows": """
def first_neuron(x, w, b):
    z = x @ w + b
    return np.exp(z) / (1 + np.exp(z))
""",
    "sign_in_exponent": """
def first_neuron(x, w, b):
    z = x @ w + b
    return 1 / (1 + np.exp(z))
""",
    "products_not_summed": """
def first_neuron(x, w, b):
    z = x * w + b
    return 1 / (1 + np.exp(-z))
""",
    "no_squashing": """
def first_neuron(x, w, b):
    return x @ w + b
""",
    "tanh_itself": """
def first_neuron(x, w, b):
    return np.tanh(x @ w + b)
""",
    "rounded": """
def first_neuron(x, w, b):
    return np.round(1 / (1 + np.exp(-(x @ w + b))))
""",
    "bias_subtracted": """
def first_neuron(x, w, b):
    return 1 / (1 + np.exp(-x @ w + b))
""",
    "bias_for_every_input": """
def first_neuron(x, w, b):
    z = np.sum(x * w + b, axis=1)
    return 1 / (1 + np.exp(-z))
""",
}

RIGHT["train_first_neuron"] = [
    """
def train_first_neuron(x, t, epochs):
    w = np.zeros(x.shape[1])
    b = 0.0
    history = []
    for epoch in range(epochs):
        count = 0
        for i in range(len(x)):
            if t[i] * (np.dot(w, x[i]) + b) <= 0:
                w += t[i] * x[i]
                b += t[i]
                count += 1
        history.append(count)
    return w, b, np.array(history, dtype=int)
""",
    """
def train_first_neuron(x, t, epochs):
    X = np.hstack([x.astype(float), np.ones((len(x), 1))])  # the bias is one more input
    v = np.zeros(X.shape[1])
    m = np.zeros(epochs, dtype=np.int64)
    for e in range(epochs):
        for row, target in zip(X, t):
            wrong = target * (row @ v) <= 0
            v = v + wrong * target * row
            m[e] += wrong
    return v[:-1], v[-1], m
""",
    """
def train_first_neuron(x, t, epochs):
    x = x.astype(float)
    N = len(x)
    gram = x @ x.T + 1
    a = np.zeros(N)
    mistakes = []
    for _ in range(epochs):
        n = 0
        for i in range(N):
            if t[i] * np.sum(a * t * gram[i]) <= 0:
                a[i] += 1
                n += 1
        mistakes.append(n)
    return (a * t) @ x, float(np.sum(a * t)), np.array(mistakes, dtype=np.int64)
""",
]
LOOP = """
def train_first_neuron(x, t, epochs):
    w, b = np.zeros(x.shape[1]), 0.0
    mistakes = np.zeros(epochs, dtype=int)
    for e in range(epochs):
        for i in range(len(x)):
            if {test}:
                w = w + {step} * x[i]
                {bias}
                mistakes[e] += 1
    return w, b, mistakes
"""
WRONG["train_first_neuron"] = {
    "boundary_counts_as_right": LOOP.format(test="t[i] * (w @ x[i] + b) < 0", step="t[i]", bias="b = b + t[i]"),
    "updates_every_example": """
def train_first_neuron(x, t, epochs):
    w, b = np.zeros(x.shape[1]), 0.0
    mistakes = np.zeros(epochs, dtype=int)
    for e in range(epochs):
        for i in range(len(x)):
            if t[i] * (w @ x[i] + b) <= 0:
                mistakes[e] += 1
            w = w + t[i] * x[i]
            b = b + t[i]
    return w, b, mistakes
""",
    "one_update_per_epoch": """
def train_first_neuron(x, t, epochs):
    w, b = np.zeros(x.shape[1]), 0.0
    mistakes = []
    for e in range(epochs):
        wrong = t * (x @ w + b) <= 0
        w = w + t[wrong] @ x[wrong]
        b = b + t[wrong].sum()
        mistakes.append(wrong.sum())
    return w, b, np.array(mistakes, dtype=int)
""",
    "bias_not_trained": LOOP.format(test="t[i] * (w @ x[i] + b) <= 0", step="t[i]", bias="pass"),
    "target_sign_missing": LOOP.format(test="t[i] * (w @ x[i] + b) <= 0", step="1", bias="b = b + t[i]"),
    "reset_each_epoch": """
def train_first_neuron(x, t, epochs):
    mistakes = np.zeros(epochs, dtype=int)
    w, b = np.zeros(x.shape[1]), 0.0
    for e in range(epochs):
        w, b = np.zeros(x.shape[1]), 0.0
        for i in range(len(x)):
            if t[i] * (w @ x[i] + b) <= 0:
                w = w + t[i] * x[i]
                b = b + t[i]
                mistakes[e] += 1
    return w, b, mistakes
""",
    "total_of_mistakes": """
def train_first_neuron(x, t, epochs):
    w, b, mistakes = np.zeros(x.shape[1]), 0.0, 0
    for e in range(epochs):
        for i in range(len(x)):
            if t[i] * (w @ x[i] + b) <= 0:
                w, b, mistakes = w + t[i] * x[i], b + t[i], mistakes + 1
    return w, b, mistakes
""",
    "bias_only_grows": LOOP.format(test="t[i] * (w @ x[i] + b) <= 0", step="t[i]", bias="b = b + 1"),
    "judged_without_bias": LOOP.format(test="t[i] * (w @ x[i]) <= 0", step="t[i]", bias="b = b + t[i]"),
    "pushed_away": LOOP.format(test="t[i] * (w @ x[i] + b) <= 0", step="-t[i]", bias="b = b - t[i]"),
    "counted_after_the_pass": LOOP.format(test="t[i] * (w @ x[i] + b) <= 0", step="t[i]", bias="b = b + t[i]").replace(
        "mistakes[e] += 1", "pass\n        mistakes[e] = np.sum(t * (x @ w + b) <= 0)"
    ),
    "stops_when_done": LOOP.format(test="t[i] * (w @ x[i] + b) <= 0", step="t[i]", bias="b = b + t[i]").replace(
        "    return w", "        if mistakes[e] == 0:\n            return w, b, mistakes[: e + 1]\n    return w"
    ),
    "two_results": """
def train_first_neuron(x, t, epochs):
    w, b = np.zeros(x.shape[1]), 0.0
    for e in range(epochs):
        for i in range(len(x)):
            if t[i] * (w @ x[i] + b) <= 0:
                w, b = w + t[i] * x[i], b + t[i]
    return w, b
""",
    "half_steps": LOOP.format(test="t[i] * (w @ x[i] + b) <= 0", step="0.5 * t[i]", bias="b = b + 0.5 * t[i]"),
}

RIGHT["nearest_neighbour_predict"] = [
    """
def nearest_neighbour_predict(train_x, train_y, x):
    a, b = train_x.astype(float), x.astype(float)
    d = ((b[:, None, :] - a[None, :, :]) ** 2).sum(axis=2)
    return train_y[np.argmin(d, axis=1)]
""",
    """
def nearest_neighbour_predict(train_x, train_y, x):
    result = []
    for q in x:
        best, label = float("inf"), None
        for row, y in zip(train_x, train_y):
            dist = 0.0
            for u, v in zip(row, q):
                dist += (float(u) - float(v)) ** 2
            if dist < best:
                best, label = dist, y
        result.append(label)
    return np.array(result)
""",
    """
from scipy.spatial.distance import cdist

def nearest_neighbour_predict(train_x, train_y, x):
    return train_y[cdist(x.astype(np.float64), train_x.astype(np.float64), "sqeuclidean").argmin(1)]
""",
]
PAIRS = """
def nearest_neighbour_predict(train_x, train_y, x):
    d = np.array([[{distance} for b in train_x.astype(float)] for a in x.astype(float)])
    return {answer}
"""
SQUARES = "np.sum((a - b) ** 2)"
WRONG["nearest_neighbour_predict"] = {
    "index_not_label": PAIRS.format(distance=SQUARES, answer="d.argmin(axis=1)"),
    "farthest": PAIRS.format(distance=SQUARES, answer="train_y[d.argmax(axis=1)]"),
    "wrong_axis": PAIRS.format(distance=SQUARES, answer="train_y[d.argmin(axis=0)]"),
    "small_integers_wrap": """
def nearest_neighbour_predict(train_x, train_y, x):
    d = ((x[:, None, :] - train_x[None, :, :]) ** 2).sum(axis=2)
    return train_y[d.argmin(axis=1)]
""",
    "last_of_ties": """
def nearest_neighbour_predict(train_x, train_y, x):
    out = []
    for q in x.astype(float):
        best = np.inf
        for row, y in zip(train_x.astype(float), train_y):
            d = ((row - q) ** 2).sum()
            if d <= best:
                best, label = d, y
        out.append(label)
    return np.array(out)
""",
    "absolute_distance": PAIRS.format(distance="np.abs(a - b).sum()", answer="train_y[d.argmin(axis=1)]"),
    "differences_cancel": PAIRS.format(distance="np.sum(a - b) ** 2", answer="train_y[d.argmin(axis=1)]"),
    "only_the_first_query": PAIRS.format(distance=SQUARES, answer="train_y[d.argmin()]"),
    "largest_product": PAIRS.format(distance="-(a @ b)", answer="train_y[d.argmin(axis=1)]"),
}

RIGHT["kmeans_step"] = [
    """
def kmeans_step(x, centres):
    x = x.astype(float)
    d = ((x[:, None] - centres[None].astype(float)) ** 2).sum(-1)
    a = np.argmin(d, axis=1)
    new = centres.astype(float).copy()
    for k in range(len(centres)):
        if np.any(a == k):
            new[k] = x[a == k].mean(axis=0)
    return a, new
""",
    """
def kmeans_step(x, centres):
    K = len(centres)
    d = np.sum((x[:, None] - centres[None]) ** 2, axis=2)
    a = d.argmin(axis=1)
    member = np.eye(K)[a]
    sizes = member.sum(axis=0)
    sums = member.T @ x
    return a, np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], centres)
""",
    """
def kmeans_step(x, centres):
    assignment = []
    for p in x:
        distances = [sum((float(u) - float(v)) ** 2 for u, v in zip(p, c)) for c in centres]
        assignment.append(distances.index(min(distances)))
    new = []
    for k, c in enumerate(centres):
        own = [p for p, a in zip(x, assignment) if a == k]
        new.append(np.mean(own, axis=0) if own else np.array(c, dtype=float))
    return np.array(assignment), np.array(new)
""",
]
MEANS = """
def kmeans_step(x, centres):
    a = ((x[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    new = np.array(centres, dtype=float)
    for k in range(len(centres)):
        {body}
    return a, new
"""
WRONG["kmeans_step"] = {
    "empty_cluster_nan": MEANS.format(body="new[k] = x[a == k].mean(axis=0)"),
    "empty_cluster_to_origin": MEANS.format(body="new[k] = x[a == k].sum(axis=0) / max(1, (a == k).sum())"),
    "assigned_after_move": """
def kmeans_step(x, centres):
    a = ((x[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    new = np.array(centres, dtype=float)
    for k in range(len(centres)):
        if (a == k).any():
            new[k] = x[a == k].mean(axis=0)
    a = ((x[:, None] - new) ** 2).sum(axis=2).argmin(axis=1)
    return a, new
""",
    "divides_by_all": MEANS.format(body="if (a == k).any(): new[k] = x[a == k].sum(axis=0) / len(x)"),
    "moves_given_centres": """
def kmeans_step(x, centres):
    a = ((x[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    for k in range(len(centres)):
        if (a == k).any():
            centres[k] = x[a == k].mean(axis=0)
    return a, centres
""",
    "centres_alone": """
def kmeans_step(x, centres):
    a = ((x[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    return np.array([x[a == k].mean(axis=0) if (a == k).any() else centres[k] for k in range(len(centres))])
""",
    "other_order": """
def kmeans_step(x, centres):
    a = ((x[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    return np.array([x[a == k].mean(axis=0) if (a == k).any() else centres[k] for k in range(len(centres))]), a
""",
    "empty_cluster_dropped": """
def kmeans_step(x, centres):
    a = ((x[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    new = []
    for k in range(len(centres)):
        own = x[a == k]
        if len(own) > 0:
            new.append(own.mean(axis=0))
    return a, np.array(new)
""",
    "absolute_distance": MEANS.format(body="if (a == k).any(): new[k] = x[a == k].mean(axis=0)").replace(
        "((x[:, None] - centres) ** 2)", "np.abs(x[:, None] - centres)"
    ),
    "half_the_step": MEANS.format(body="if (a == k).any(): new[k] = (new[k] + x[a == k].mean(axis=0)) / 2"),
}

RIGHT["bandit_update"] = [
    """
def bandit_update(estimates, counts, arm, reward):
    e = estimates.astype(float).copy()
    c = counts.copy()
    e[arm] = (e[arm] * c[arm] + reward) / (c[arm] + 1)
    c[arm] = c[arm] + 1
    return e, c
""",
    """
def bandit_update(estimates, counts, arm, reward):
    new_counts = counts + np.eye(len(counts), dtype=counts.dtype)[arm]
    new = estimates.astype(float)
    new[arm] = new[arm] + (reward - new[arm]) / new_counts[arm]
    return new, new_counts
""",
    """
def bandit_update(estimates, counts, arm, reward):
    e, c = [float(v) for v in estimates], [int(v) for v in counts]
    total = e[arm] * c[arm] if c[arm] else 0.0
    c[arm] += 1
    e[arm] = (total + reward) / c[arm]
    return np.array(e), np.array(c)
""",
]
UPDATE = """
def bandit_update(estimates, counts, arm, reward):
    e, c = np.array(estimates, dtype=float), np.array(counts)
    {before}
    c[arm] += 1
    {after}
    return e, c
"""
WRONG["bandit_update"] = {
    "count_before_update": UPDATE.format(before="e[arm] += (reward - e[arm]) / max(1, c[arm])", after="pass"),
    "last_reward_only": UPDATE.format(before="e[arm] = reward", after="pass"),
    "sums_rewards": UPDATE.format(before="pass", after="e[arm] += reward / c[arm]"),
    "changes_inputs": """
def bandit_update(estimates, counts, arm, reward):
    counts[arm] += 1
    estimates[arm] += (reward - estimates[arm]) / counts[arm]
    return estimates, counts
""",
    "total_count": UPDATE.format(before="pass", after="e[arm] += (reward - e[arm]) / c.sum()"),
    "counted_twice": UPDATE.format(before="pass", after="e[arm] = (e[arm] * c[arm] + reward) / (c[arm] + 1)"),
    "half_way": UPDATE.format(before="e[arm] = (e[arm] + reward) / 2", after="pass"),
    "away_from_reward": UPDATE.format(before="pass", after="e[arm] -= (reward - e[arm]) / c[arm]"),
    "count_not_raised": """
def bandit_update(estimates, counts, arm, reward):
    e = np.array(estimates, dtype=float)
    e[arm] += (reward - e[arm]) / (counts[arm] + 1)
    return e, counts.copy()
""",
    "constant_step": UPDATE.format(before="pass", after="e[arm] += 0.1 * (reward - e[arm])"),
    "all_arms": UPDATE.format(before="pass", after="e += (reward - e) / c[arm]"),
}

RIGHT["stage_outputs"] = [
    """
import torch

def stage_outputs(x, weights, biases):
    out = [x]
    h = x
    L = len(weights)
    for i in range(L):
        h = h @ weights[i] + biases[i]
        if i < L - 1:
            h = torch.relu(h)
        out.append(h)
    return out
""",
    """
import torch.nn.functional as F

def stage_outputs(x, weights, biases):
    if len(weights) == 1:
        return [x, F.linear(x, weights[0].T, biases[0])]
    h = F.relu(F.linear(x, weights[0].T, biases[0]))
    return [x] + stage_outputs(h, weights[1:], biases[1:])
""",
    """
import torch

def stage_outputs(x, weights, biases):
    stages = [x]
    for W, b in zip(weights[:-1], biases[:-1]):
        stages.append((torch.matmul(stages[-1], W) + b).clamp(min=0))
    stages.append(torch.addmm(biases[-1], stages[-1], weights[-1]))
    return stages
""",
]
STAGES = """
import torch

def stage_outputs(x, weights, biases):
    out, h = {first}, x
    for i, (W, b) in enumerate(zip(weights, biases)):
        {body}
    return out
"""
WRONG["stage_outputs"] = {
    "last_stage_rectified": STAGES.format(first="[x]", body="h = torch.relu(h @ W + b); out.append(h)"),
    "input_missing": STAGES.format(
        first="[]", body="h = h @ W + b; h = torch.relu(h) if i < len(weights) - 1 else h; out.append(h)"
    ),
    "always_from_input": STAGES.format(
        first="[x]", body="h = x @ W + b; h = torch.relu(h) if i < len(weights) - 1 else h; out.append(h)"
    ),
    "no_nonlinearity": STAGES.format(first="[x]", body="h = h @ W + b; out.append(h)"),
    "values_before_relu_stored": STAGES.format(first="[x]", body="z = h @ W + b; out.append(z); h = torch.relu(z)"),
    "only_the_last": STAGES.format(
        first="[x]", body="h = h @ W + b; h = torch.relu(h) if i < len(weights) - 1 else h; out = h"
    ),
    "bias_missing": STAGES.format(
        first="[x]", body="h = h @ W; h = torch.relu(h) if i < len(weights) - 1 else h; out.append(h)"
    ),
    "gradients_cut": STAGES.format(
        first="[x]", body="h = h @ W + b; h = torch.relu(h) if i < len(weights) - 1 else h; out.append(h.detach())"
    ),
    "detached": STAGES.format(
        first="[x]", body="h = h.detach() @ W + b; h = torch.relu(h) if i < len(weights) - 1 else h; out.append(h)"
    ),
    "bias_after_relu": STAGES.format(
        first="[x]", body="h = (torch.relu(h @ W) if i < len(weights) - 1 else h @ W) + b; out.append(h)"
    ),
}
