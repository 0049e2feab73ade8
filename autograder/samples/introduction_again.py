"""More answers to lecture 01, in other styles: two right ones an exercise and every catalogued mistake once more."""

RIGHT = {}
WRONG = {}

RIGHT["row_means"] = [
    """
def row_means(x):
    return np.array([float(np.average(row)) for row in x])
""",
    """
import torch

def row_means(x):
    t = torch.tensor(np.array(x), dtype=torch.float64)
    return t.mean(dim=1).numpy()
""",
]
WRONG["row_means"] = {
    "column_means": "row_means = lambda x: sum(row.astype(float) for row in x) / len(x)\n",
    "one_number": "def row_means(x):\n    return float(x.astype(float).sum() / x.size)\n",
    "keeps_axis": "def row_means(x):\n    return np.array([[row.mean()] for row in x])\n",
    "row_sums": "def row_means(x):\n    return np.array([row.astype(float).sum() for row in x])\n",
    "divides_by_rows": "def row_means(x):\n    n = len(x)\n    return np.array([sum(map(float, row)) / n for row in x])\n",
    "whole_number_division": "def row_means(x):\n    return np.floor_divide(x.astype(float).sum(1), x.shape[1])\n",
}

RIGHT["images_to_batch"] = [
    """
import torch

def images_to_batch(images, device):
    return torch.stack([torch.as_tensor(image.copy()).flatten() for image in images]).to(device, torch.float32).div(255)
""",
    """
import torch

def images_to_batch(images, device):
    N = images.shape[0]
    out = np.empty((N, images[0].size), dtype=np.float32)
    for n in range(N):
        out[n] = images[n].ravel()
    out *= np.float32(1 / 255)
    return torch.from_numpy(out).to(device)
""",
]
CONTIGUOUS = "np.ascontiguousarray(images).reshape(images.shape[0], -1)"
WRONG["images_to_batch"] = {
    "not_scaled": f"import torch\n\ndef images_to_batch(images, device):\n    return torch.from_numpy({CONTIGUOUS}).to(device).float()\n",
    "scaled_by_brightest_pixel": f"import torch\n\ndef images_to_batch(images, device):\n    x = torch.from_numpy({CONTIGUOUS}).float()\n"
    "    return (x / x.max()).to(device)\n",
    "double_precision": f"import torch\n\ndef images_to_batch(images, device):\n    return torch.tensor({CONTIGUOUS} / 255.0).to(device)\n",
    "all_images_in_one_row": f"import torch\n\ndef images_to_batch(images, device):\n"
    f"    return torch.from_numpy({CONTIGUOUS}).to(device, torch.float32).reshape(1, -1) / 255\n",
    "negative_stride_fails": "import torch\n\ndef images_to_batch(images, device):\n"
    "    return torch.from_numpy(images).flatten(start_dim=1).to(device=device, dtype=torch.float32) / 255\n",
    "divides_by_256": f"import torch\n\ndef images_to_batch(images, device):\n"
    f"    return torch.tensor({CONTIGUOUS}, dtype=torch.float32, device=device) / (2**8)\n",
    "cut_to_zero_and_one": f"import torch\n\ndef images_to_batch(images, device):\n"
    f"    return torch.floor_divide(torch.from_numpy({CONTIGUOUS}).to(device), 255).float()\n",
    "device_ignored": f"import torch\n\ndef images_to_batch(images, device):\n    x = torch.from_numpy({CONTIGUOUS})\n    x.to(device)\n"
    "    return x.float() / 255\n",
}

RIGHT["first_neuron"] = [
    """
def first_neuron(x, w, b):
    z = np.einsum("nd,d->n", x, w) + b
    return np.exp(-np.logaddexp(0, -z))
""",
    """
def first_neuron(x, w, b):
    z = np.sum(x * w, axis=1) + b
    out = np.empty(len(z))
    out[z >= 0] = 1 / (1 + np.exp(-z[z >= 0]))
    out[z < 0] = np.exp(z[z < 0]) / (1 + np.exp(z[z < 0]))
    return out
""",
]
WRONG["first_neuron"] = {
    "bias_missing": "def first_neuron(x, w, b):\n    return 0.5 * (1 + np.tanh(0.5 * x.dot(w)))\n",
    "overflows": "def first_neuron(x, w, b):\n    e = np.exp(x.dot(w) + b)\n    return e / (e + 1)\n",
    "sign_in_exponent": "def first_neuron(x, w, b):\n    return np.array([1 / (1 + np.exp(row @ w + b)) for row in x])\n",
    "products_not_summed": "def first_neuron(x, w, b):\n    return 1 / (1 + np.exp(-(np.multiply(x, w) + b)))\n",
    "no_squashing": "def first_neuron(x, w, b):\n    return np.array([row @ w for row in x]) + b\n",
    "bias_subtracted": "def first_neuron(x, w, b):\n    return np.array([1 / (1 + np.exp(b - row @ w)) for row in x])\n",
    "bias_for_every_input": "def first_neuron(x, w, b):\n"
    "    z = [sum(v * u + b for v, u in zip(row, w)) for row in x]\n    return 1 / (1 + np.exp(-np.array(z)))\n",
    "rounded": "def first_neuron(x, w, b):\n    return np.where(x.dot(w) + b > 0, 1.0, 0.0)\n",
}

RIGHT["train_first_neuron"] = [
    """
def train_first_neuron(x, t, epochs):
    w, b, m = [0.0] * x.shape[1], 0.0, []
    for _ in range(epochs):
        wrong = 0
        for row, target in zip(x.tolist(), t.tolist()):
            if target * (sum(a * c for a, c in zip(w, row)) + b) <= 0:
                w = [a + target * c for a, c in zip(w, row)]
                b += target
                wrong += 1
        m.append(wrong)
    return np.array(w), b, np.array(m, dtype=np.int64)
""",
    """
def is_right(w, b, x, t):
    z = x @ w + b
    return (z > 0 and t == 1) or (z < 0 and t == -1)

def train_first_neuron(x, t, epochs):
    w, b = np.zeros(x.shape[1]), 0
    m = np.zeros(epochs, int)
    for n in range(epochs * len(x)):
        i = n % len(x)
        if not is_right(w, b, x[i], t[i]):
            w, b = w + x[i] * t[i], b + t[i]
            m[n // len(x)] += 1
    return w, float(b), m
""",
]
WALK = """
def train_first_neuron(x, t, epochs):
    w, b, m = np.zeros(x.shape[1]), 0.0, np.zeros(epochs, dtype=int)
    for e in range(epochs):
        {start}
        for row, target in zip(x, t):
            z = row @ w + b
            wrong = {wrong}
            m[e] += wrong
            {update}
    return w, b, m
"""
GO = "w, b = (w + target * row, b + target) if wrong else (w, b)"
WRONG["train_first_neuron"] = {
    "boundary_counts_as_right": WALK.format(start="pass", wrong="np.sign(z) == -target", update=GO),
    "updates_every_example": WALK.format(
        start="pass", wrong="target * z <= 0", update="w, b = w + target * row, b + target"
    ),
    "one_update_per_epoch": """
def train_first_neuron(x, t, epochs):
    w, b, m = np.zeros(x.shape[1]), 0.0, []
    for e in range(epochs):
        dw, db, count = np.zeros(x.shape[1]), 0.0, 0
        for row, target in zip(x, t):
            if target * (row @ w + b) <= 0:
                dw, db, count = dw + target * row, db + target, count + 1
        w, b = w + dw, b + db
        m.append(count)
    return w, b, np.array(m, dtype=int)
""",
    "bias_not_trained": WALK.format(
        start="pass", wrong="target * z <= 0", update="w = w + target * row if wrong else w"
    ),
    "target_sign_missing": WALK.format(
        start="pass", wrong="target * z <= 0", update="w, b = (w + row, b + 1) if wrong else (w, b)"
    ),
    "reset_each_epoch": WALK.format(start="w, b = 0 * w, 0.0", wrong="target * z <= 0", update=GO),
    "bias_only_grows": WALK.format(
        start="pass", wrong="target * z <= 0", update="w, b = (w + target * row, b + 1) if wrong else (w, b)"
    ),
    "judged_without_bias": WALK.format(start="pass", wrong="target * (z - b) <= 0", update=GO),
    "pushed_away": WALK.format(
        start="pass", wrong="target * z <= 0", update="w, b = (w - target * row, b - target) if wrong else (w, b)"
    ),
    "counted_after_the_pass": WALK.format(start="pass", wrong="target * z <= 0", update=GO).replace(
        "    return w", "        m[e] = sum(target * (row @ w + b) <= 0 for row, target in zip(x, t))\n    return w"
    ),
    "stops_when_done": WALK.format(start="pass", wrong="target * z <= 0", update=GO).replace(
        "    return w", "        if m[e] == 0:\n            m = m[:e]\n            break\n    return w"
    ),
}

RIGHT["nearest_neighbour_predict"] = [
    """
def nearest_neighbour_predict(train_x, train_y, x):
    a, b = x.astype(np.float64), train_x.astype(np.float64)
    score = a @ b.T - 0.5 * np.sum(b * b, axis=1)
    return train_y[score.argmax(axis=1)]
""",
    """
def nearest_neighbour_predict(train_x, train_y, x):
    known = train_x.astype(int) if train_x.dtype.kind in "iu" else train_x
    found = [min(range(len(known)), key=lambda n: float(((known[n] - q) ** 2).sum())) for q in x]
    return np.array([train_y[n] for n in found])
""",
]
EACH = """
def nearest_neighbour_predict(train_x, train_y, x):
    out = []
    for q in {queries}:
        d = {distance}
        out.append({answer})
    return np.array(out)
"""
WRONG["nearest_neighbour_predict"] = {
    "index_not_label": EACH.format(
        queries="x.astype(float)", distance="((train_x - q) ** 2).sum(axis=1)", answer="int(np.argmin(d))"
    ),
    "farthest": EACH.format(
        queries="x.astype(float)", distance="((train_x - q) ** 2).sum(axis=1)", answer="train_y[np.argsort(d)[-1]]"
    ),
    "wrong_axis": """
def nearest_neighbour_predict(train_x, train_y, x):
    a, b = train_x.astype(float), x.astype(float)
    d = ((a[:, None] - b[None]) ** 2).sum(axis=2)
    return train_y[d.argmin(axis=1)]
""",
    "small_integers_wrap": EACH.format(
        queries="x", distance="np.square(train_x - q).sum(axis=1)", answer="train_y[d.argmin()]"
    ),
    "last_of_ties": EACH.format(
        queries="x.astype(float)",
        distance="((train_x - q) ** 2).sum(axis=1)[::-1]",
        answer="train_y[len(d) - 1 - d.argmin()]",
    ),
    "differences_cancel": EACH.format(
        queries="x.astype(float)", distance="np.abs((train_x - q).sum(axis=1))", answer="train_y[d.argmin()]"
    ),
    "absolute_distance": EACH.format(
        queries="x.astype(float)", distance="np.linalg.norm(train_x - q, ord=1, axis=1)", answer="train_y[d.argmin()]"
    ),
}

RIGHT["kmeans_step"] = [
    """
from scipy.spatial.distance import cdist

def kmeans_step(x, centres):
    a = cdist(x.astype(float), centres.astype(float), "sqeuclidean").argmin(axis=1)
    new = [x[a == k].mean(axis=0) if k in a else centres[k].astype(float) for k in range(len(centres))]
    return a, np.stack(new)
""",
    """
def kmeans_step(x, centres):
    K, D = centres.shape
    sums, sizes, a = np.zeros((K, D)), np.zeros(K), np.zeros(len(x), dtype=np.int64)
    for n, p in enumerate(x):
        a[n] = np.argmin([np.sum((p.astype(float) - c) ** 2) for c in centres])
        sums[a[n]] += p
        sizes[a[n]] += 1
    new = centres.astype(float)
    used = sizes > 0
    new[used] = sums[used] / sizes[used, None]
    return a, new
""",
]
LOOPED = """
def kmeans_step(x, centres):
    x = x.astype(float)
    d = np.stack([np.square(x - c).sum(axis=1) for c in centres])
    a = d.argmin(axis=0)
    return a, np.array([{mean} for k, c in enumerate(centres)])
"""
WRONG["kmeans_step"] = {
    "empty_cluster_nan": LOOPED.format(mean="np.mean(x[a == k], axis=0)"),
    "empty_cluster_to_origin": LOOPED.format(mean="x[a == k].mean(axis=0) if k in a else 0 * c"),
    "assigned_after_move": LOOPED.replace("return a, np.array(", "new = np.array(").format(
        mean="x[a == k].mean(axis=0) if k in a else c"
    )
    + "    return np.array([np.square(p - new).sum(axis=1).argmin() for p in x]), new\n",
    "divides_by_all": LOOPED.format(mean="x[a == k].sum(axis=0) / x.shape[0] if k in a else c"),
    "other_order": LOOPED.replace("return a, np.array(", "return np.array(")
    .replace("enumerate(centres)])", "enumerate(centres)]), a")
    .format(mean="x[a == k].mean(axis=0) if k in a else c"),
    "empty_cluster_dropped": LOOPED.replace("enumerate(centres)", "enumerate(centres) if k in a").format(
        mean="x[a == k].mean(axis=0)"
    ),
    "absolute_distance": LOOPED.replace("np.square(x - c)", "np.abs(x - c)").format(
        mean="x[a == k].mean(axis=0) if k in a else c"
    ),
    "moves_given_centres": LOOPED.replace("return a, np.array(", "centres[:] = np.array(").format(
        mean="x[a == k].mean(axis=0) if k in a else c"
    )
    + "    return a, centres.copy()\n",
}

RIGHT["bandit_update"] = [
    """
def bandit_update(estimates, counts, arm, reward):
    hit = np.arange(len(counts)) == arm
    n = counts + hit
    return np.where(hit, estimates + (reward - estimates) / np.maximum(n, 1), estimates).astype(float), n
""",
    """
def bandit_update(estimates, counts, arm, reward):
    old, n = float(estimates[arm]), int(counts[arm])
    e, c = estimates.astype(np.float64), counts.copy()
    e[arm] = old * n / (n + 1) + reward / (n + 1)
    c[arm] = n + 1
    return e, c
""",
]
LATER = """
def bandit_update(estimates, counts, arm, reward):
    c = counts.copy()
    e = estimates.astype(float)
    n = c[arm] = c[arm] + 1
    e[arm] = {value}
    return e, c
"""
WRONG["bandit_update"] = {
    "count_before_update": LATER.format(value="e[arm] + (reward - e[arm]) / (n - 1 if n > 1 else 1)"),
    "last_reward_only": LATER.format(value="reward"),
    "sums_rewards": LATER.format(value="e[arm] + reward / n"),
    "changes_inputs": """
def bandit_update(estimates, counts, arm, reward):
    n = counts[arm] = counts[arm] + 1
    e = estimates.astype(float)
    e[arm] += (reward - e[arm]) / n
    return e, counts
""",
    "total_count": LATER.format(value="e[arm] + (reward - e[arm]) / np.sum(c)"),
    "counted_twice": LATER.format(value="e[arm] + (reward - e[arm]) / (n + 1)"),
    "half_way": LATER.format(value="0.5 * e[arm] + 0.5 * reward"),
    "away_from_reward": LATER.format(value="e[arm] + (e[arm] - reward) / n"),
    "all_arms": """
def bandit_update(estimates, counts, arm, reward):
    n = counts + 1
    return estimates + (reward - estimates) / n, n
""",
}

RIGHT["stage_outputs"] = [
    """
import torch

def stage_outputs(x, weights, biases):
    stages = [x]
    for W, b in zip(weights, biases):
        z = torch.einsum("nd,dk->nk", stages[-1], W) + b
        stages.append(torch.where(z > 0, z, torch.zeros_like(z)))
    stages[-1] = stages[-2] @ weights[-1] + biases[-1]
    return stages
""",
    """
import torch

def stage_outputs(x, weights, biases):
    result, todo = [x], list(zip(weights, biases))
    while todo:
        W, b = todo.pop(0)
        z = result[-1].mm(W).add(b)
        result.append(torch.nn.functional.relu(z) if todo else z)
    return result
""",
]
CHAIN = """
import torch

def stage_outputs(x, weights, biases):
    stages = [x]
    for W, b in zip(weights, biases):
        {body}
    return stages
"""
WRONG["stage_outputs"] = {
    "last_stage_rectified": CHAIN.format(body="stages.append((stages[-1] @ W + b).clamp(min=0))"),
    "input_missing": CHAIN.format(body="stages.append((stages[-1] @ W + b).relu())").replace(
        "return stages", "stages[-1] = stages[-2] @ weights[-1] + biases[-1]\n    return stages[1:]"
    ),
    "bias_missing": CHAIN.format(body="stages.append((stages[-1] @ W).relu())").replace(
        "return stages", "stages[-1] = stages[-2] @ weights[-1]\n    return stages"
    ),
    "bias_after_relu": CHAIN.format(body="stages.append((stages[-1] @ W).clamp(min=0) + b)").replace(
        "return stages", "stages[-1] = stages[-2] @ weights[-1] + biases[-1]\n    return stages"
    ),
    "always_from_input": """
import torch

def stage_outputs(x, weights, biases):
    stages = [x] + [torch.relu(x @ W + b) for W, b in zip(weights[:-1], biases[:-1])]
    return stages + [x @ weights[-1] + biases[-1]]
""",
    "no_nonlinearity": CHAIN.format(body="stages.append(torch.addmm(b, stages[-1], W))"),
    "values_before_relu_stored": """
import torch

def stage_outputs(x, weights, biases):
    stages = [x]
    for i, (W, b) in enumerate(zip(weights, biases)):
        h = stages[-1] if i == 0 else torch.relu(stages[-1])
        stages.append(h @ W + b)
    return stages
""",
}
