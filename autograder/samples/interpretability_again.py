"""Answers to lecture 10 once more, in other words: image by image, by dot products with one-hot rows, by torch.func."""

RIGHT = {}
WRONG = {}


def _written(text: str, **parts: str) -> str:
    """A template with its parts put in."""
    for name, part in parts.items():
        text = text.replace(f"<{name}>", part)
    return text


# ------------------------------------------------------------------------------------------ the gradient at the input

ONE_BY_ONE = """
import torch
import torch.nn.functional as F

def input_gradient(model, x, target):
    result = torch.zeros_like(x)
    for n, (image, t) in enumerate(zip(x, target.tolist())):
        leaf = image.unsqueeze(0).detach().clone().requires_grad_(True)
        z = model(leaf)[0]
        quantity = <quantity>
        (grad,) = torch.autograd.grad(quantity, leaf)
        result[n] = <grad>
    return <result>
"""


def _gradient(quantity: str = "z[t] - torch.logsumexp(z, dim=0)", grad: str = "grad[0]", result: str = "result") -> str:
    return _written(ONE_BY_ONE, quantity=quantity, grad=grad, result=result)


BATCHED = """
import torch
import torch.nn.functional as F

def input_gradient(model, x, target):
    with torch.enable_grad():
        images = torch.tensor(x.tolist(), dtype=x.dtype, requires_grad=True)
        z = model(images)
        which = F.one_hot(target, z.size(1)).to(z.dtype)
        total = <total>
    return torch.autograd.grad(total, [images])[0]
"""

RIGHT["input_gradient"] = [
    _gradient(),
    _written(BATCHED, total="(which * (z - z.logsumexp(1, keepdim=True))).sum()"),
    """
import torch
from torch.func import jacrev

def input_gradient(model, x, target):
    rows = []
    for image, t in zip(x, target):
        J = jacrev(lambda one: torch.log_softmax(model(one[None]), dim=1)[0])(image)
        rows.append(J[t].detach())
    return torch.stack(rows)
""",
]

WRONG["input_gradient"] = {
    "mean_over_batch": _gradient(result="result / x.shape[0]"),
    "loss_sign": _gradient("F.cross_entropy(z[None], torch.tensor([t]))"),
    "logit_not_logprob": _written(BATCHED, total="(which * z).sum()"),
    "probability_not_logprob": _gradient("torch.exp(z[t] - torch.logsumexp(z, dim=0))"),
    "targets_ignored": _gradient("torch.log_softmax(z, 0)[z.argmax()]"),
    "every_target_for_every_image": _written(BATCHED, total="z.log_softmax(1).index_select(1, target).sum()"),
    "softmax_over_images": _written(BATCHED, total="(which * (z - z.logsumexp(0, keepdim=True))).sum()"),
    "softmax_twice": _gradient("torch.log_softmax(F.softmax(z, dim=0), dim=0)[t]"),
    "absolute_value": _gradient(grad="torch.sqrt(grad[0] ** 2)"),
    "times_input": _gradient(grad="image * grad[0]"),
    "pollutes_parameter_grads": """
import torch
import torch.nn as nn

def input_gradient(model, x, target):
    leaf = nn.Parameter(x.detach().clone())
    loss = nn.CrossEntropyLoss(reduction="sum")(model(leaf), target)
    loss.backward()
    return -leaf.grad
""",
    "changes_input_flag": """
import torch

def input_gradient(model, x, target):
    x.requires_grad = True
    z = model(x)
    log_p = z[torch.arange(len(z)), target] - z.logsumexp(1)
    (g,) = torch.autograd.grad(log_p.sum(), (x,))
    return g.clone()
""",
    "keeps_graph": _written(BATCHED, total="(which * z.log_softmax(1)).sum()").replace(
        "[images])", "[images], create_graph=True)"
    ),
}

# ------------------------------------------------------------------------------------------ noise

COPIES = """
import torch

def smoothgrad(model, x, target, noise):
    S, N = noise.shape[:2]
    result = torch.zeros_like(x)
    for n in range(N):
        for s in range(S):
            <before>
            image = (<image>).detach().clone().unsqueeze(0).requires_grad_()
            z = model(image)[0]
            grad = torch.autograd.grad(<quantity>, image)[0][0]
            result[n] += <grad>
    return <result>
"""


def _smooth(
    image: str = "x[n] + noise[s, n]",
    quantity: str = "z[target[n]] - z.logsumexp(0)",
    grad: str = "grad",
    result: str = "result / S",
    before: str = "",
) -> str:
    return _written(COPIES, image=image, quantity=quantity, grad=grad, result=result, before=before or "pass")


BIG = """
import torch

def smoothgrad(model, x, target, noise):
    S = noise.shape[0]
    batch = <batch>
    classes = <classes>
    batch = batch.detach().requires_grad_()
    log_p = model(batch).log_softmax(1).gather(1, classes[:, None])
    grads = torch.autograd.grad(log_p.sum(), batch)[0]
    return grads.view(S, *x.shape).sum(0) / S
"""

RIGHT["smoothgrad"] = [
    _smooth(),
    _written(BIG, batch="torch.cat([x + e for e in noise])", classes="torch.cat([target] * S)"),
]

WRONG["smoothgrad"] = {
    "noisy_images_clipped": _smooth("(x[n] + noise[s, n]).clip(0, 1)"),
    "averages_inputs": _smooth("x[n] + noise[:, n].mean(0)"),
    "sums_not_averages": _smooth(result="result"),
    "same_noise_every_time": _smooth("x[n] + noise[-1, n]"),
    "targets_interleaved": _written(
        BIG,
        batch="torch.cat([x + e for e in noise])",
        classes="torch.tensor([t for t in target.tolist() for _ in range(S)])",
    ),
    "images_interleaved": _written(
        BIG,
        batch="torch.stack([image for image in x for _ in range(S)]) + noise.flatten(0, 1)",
        classes="target.repeat_interleave(S)",
    ),
    "noise_accumulates": _smooth("x[n] + noise[: s + 1, n].sum(0)"),
    "no_noise": _smooth("x[n]"),
    "gradients_at_the_noise": _smooth("noise[s, n]"),
    "gradient_times_noise": _smooth(grad="grad * (x[n] + noise[s, n])"),
    "loss_sign": _smooth(quantity="z.logsumexp(0) - z[target[n]]"),
    "logit_not_logprob": _smooth(quantity="z[target[n]]"),
    "probability_not_logprob": _smooth(quantity="z.softmax(0)[target[n]]"),
    "mean_over_batch": _smooth(result="result / noise[..., :1].flatten(2)[:, :, 0].numel()"),
    "absolute_value": _smooth(result="torch.abs(result) / S"),
    "pollutes_parameter_grads": """
import torch

def smoothgrad(model, x, target, noise):
    leaf = x.detach().clone().requires_grad_()
    loss = 0
    for e in noise:
        loss = loss + torch.nn.functional.cross_entropy(model(leaf + e), target, reduction="sum")
    loss.backward()
    return -leaf.grad / len(noise)
""",
    "changes_input_flag": """
import torch

def smoothgrad(model, x, target, noise):
    x.requires_grad_(True)
    total = sum(model(x + e).log_softmax(1)[range(len(x)), target].sum() for e in noise)
    return torch.autograd.grad(total, x)[0].div(len(noise))
""",
    "keeps_graph": _smooth().replace("image)[0][0]", "image, create_graph=True)[0][0]"),
}

# ------------------------------------------------------------------------------------------ paths

PATH = """
import torch

def integrated_gradients(model, x, baseline, target, steps):
    start = baseline + torch.zeros_like(x)
    out = []
    for n in range(x.shape[0]):
        mean = 0.0
        count = <count>
        for k in range(count):
            a = <a>
            point = (<point>).detach().clone()[None].requires_grad_()
            z = model(point)[0]
            mean = mean + torch.autograd.grad(<quantity>, point)[0][0] / <divisor>
        out.append(<attribution>)
    return <result>
"""


def _path(
    a: str = "(2 * k + 1) / (2 * count)",
    point: str = "start[n] + a * (x[n] - start[n])",
    quantity: str = "z[target[n]]",
    attribution: str = "(x[n] - start[n]) * mean",
    count: str = "steps",
    divisor: str = "count",
    result: str = "torch.stack(out)",
) -> str:
    return _written(
        PATH, a=a, point=point, quantity=quantity, attribution=attribution, count=count, divisor=divisor, result=result
    )


RIGHT["integrated_gradients"] = [
    _path(),
    """
import torch

def integrated_gradients(model, x, baseline, target, steps):
    alphas = [(k + 0.5) / steps for k in range(steps)]
    leaf = x.detach().clone().requires_grad_()
    total = 0
    for a in alphas:
        z = model(baseline + a * (leaf - baseline))
        total = total + z.gather(1, target.view(-1, 1)).sum() / a
    grad = torch.autograd.grad(total, leaf)[0] / steps
    return ((x - baseline) * grad).detach()
""",
]

WRONG["integrated_gradients"] = {
    "left_endpoints": _path("k / count"),
    "upper_endpoints": _path("(k + 1) / count"),
    "both_ends_included": _path("k / max(count - 1, 1)"),
    "no_difference_factor": _path(attribution="mean"),
    "multiplies_by_x": _path(attribution="x[n] * mean"),
    "explains_probability": _path(quantity="z.softmax(0)[target[n]]"),
    "explains_log_probability": _path(quantity="z.log_softmax(0)[target[n]]"),
    "path_scales_x": _path(point="a * (x[n] - start[n])"),
    "path_adds_x": _path(point="start[n] + a * x[n]"),
    "sums_not_averages": _path(divisor="1"),
    "only_at_the_image": _path(point="x[n]"),
    "from_image_to_baseline": _path(attribution="(start[n] - x[n]) * mean"),
    "mean_over_batch": _path(divisor="(count * len(x))"),
    "targets_interleaved": """
import torch

def integrated_gradients(model, x, baseline, target, steps):
    a = (torch.arange(steps).to(x) + 0.5) / steps
    diff = x - baseline
    batch = torch.cat([baseline + float(v) * diff for v in a]).requires_grad_()
    classes = torch.stack([target] * steps, dim=1).reshape(-1)
    z = model(batch).gather(1, classes[:, None]).sum()
    return diff * torch.autograd.grad(z, batch)[0].reshape(steps, *x.shape).mean(0)
""",
    "pollutes_parameter_grads": """
import torch

def integrated_gradients(model, x, baseline, target, steps):
    diff = x - baseline
    batch = torch.cat([baseline + (k + 0.5) / steps * diff for k in range(steps)]).requires_grad_()
    model(batch)[torch.arange(len(batch)), target.repeat(steps)].sum().backward()
    return diff * batch.grad.reshape(steps, *x.shape).mean(0)
""",
    "changes_input_flag": """
import torch

def integrated_gradients(model, x, baseline, target, steps):
    x.requires_grad_()
    total = 0
    for k in range(steps):
        point = baseline + (k + 0.5) / steps * (x - baseline)
        total = total + torch.autograd.grad(model(point)[range(len(x)), target].sum(), point)[0]
    return ((x - baseline) * total / steps).detach()
""",
    "keeps_graph": """
import torch

def integrated_gradients(model, x, baseline, target, steps):
    diff = (x - baseline).requires_grad_()
    total = torch.zeros_like(x)
    for k in range(steps):
        point = baseline + (k + 0.5) / steps * diff
        total += torch.autograd.grad(model(point)[range(len(x)), target].sum(), point)[0]
    return diff * total / steps
""",
}

# ------------------------------------------------------------------------------------------ attacks

ATTACK = """
import torch
import torch.nn as nn

criterion = nn.CrossEntropyLoss(reduction="sum")

def fgsm_attack(model, x, y, eps):
    images = x.data.clone()
    images.requires_grad = True
    outputs = model(images)
    cost = <cost>
    grad = torch.autograd.grad(cost, images, retain_graph=False, create_graph=False)[0]
    adversary = <adversary>
    return <result>
"""


def _attack(
    cost: str = "criterion(outputs, y)",
    adversary: str = "x + eps * grad.sign()",
    result: str = "torch.clamp(adversary, min=0, max=1).detach()",
) -> str:
    return _written(ATTACK, cost=cost, adversary=adversary, result=result)


RIGHT["fgsm_attack"] = [
    _attack(),
    """
import torch

def fgsm_attack(model, x, y, eps):
    def loss(images):
        return torch.nn.functional.nll_loss(torch.log_softmax(model(images), -1), y)
    grad = torch.func.grad(loss)(x)
    up, down = (grad > 0).to(x.dtype), (grad < 0).to(x.dtype)
    return torch.clip(x + eps * up - eps * down, 0, 1).detach()
""",
]

WRONG["fgsm_attack"] = {
    "softmax_twice": _attack("criterion(torch.softmax(outputs, dim=-1), y)"),
    "descends": _attack("-criterion(outputs, y)"),
    "no_clip": _attack(result="adversary"),
    "no_sign": _attack(adversary="x + eps * grad / grad.flatten(1).norm(dim=1).view(-1, *[1] * (x.dim() - 1))"),
    "uses_prediction": _attack("criterion(outputs, outputs.max(1)[1])"),
    "other_classes_ignored": _attack("-(outputs * nn.functional.one_hot(y, outputs.shape[1])).sum()"),
    "only_the_change": _attack(result="torch.clamp(adversary, 0, 1) - x"),
    "zero_gets_a_sign": _attack(adversary="x + eps * (2 * (grad > 0).to(x.dtype) - 1)"),
    "in_place": _attack(adversary="x.add_(eps * grad.sign())", result="x.clamp_(0, 1)"),
    "pollutes_parameter_grads": """
import torch
import torch.nn as nn

def fgsm_attack(model, x, y, eps):
    delta = torch.zeros_like(x, requires_grad=True)
    nn.CrossEntropyLoss()(model(x + delta), y).backward()
    return (x + eps * delta.grad.detach().sign()).clamp(0, 1)
""",
    "changes_input_flag": """
import torch

def fgsm_attack(model, x, y, eps):
    x.requires_grad_()
    log_p = model(x).log_softmax(dim=1).gather(1, y[:, None]).sum()
    direction = torch.autograd.grad(log_p, x)[0].sign()
    with torch.no_grad():
        return (x - eps * direction).clamp(0, 1)
""",
    "keeps_graph": _attack(adversary="images + eps * grad.sign()", result="adversary.clamp(0, 1)"),
}

STEPS = """
import torch
import torch.nn as nn

def pgd_attack(model, x, y, eps, step, steps):
    loss_fn = nn.CrossEntropyLoss()
    delta = torch.zeros_like(x)
    for i in range(<steps>):
        leaf = delta.detach().clone().requires_grad_()
        loss = <loss>
        grad = torch.autograd.grad(loss, leaf)[0]
        old = delta
        delta = delta + <move>
        delta = <ball>
        delta = <pixels>
    return <result>
"""


def _steps(
    loss: str = "loss_fn(model(x + leaf), y)",
    move: str = "step * grad.sign()",
    ball: str = "torch.clamp(delta, -eps, eps)",
    pixels: str = "torch.clamp(x + delta, 0, 1) - x",
    steps: str = "steps",
    result: str = "x + delta",
) -> str:
    return _written(STEPS, loss=loss, move=move, ball=ball, pixels=pixels, steps=steps, result=result)


RIGHT["pgd_attack"] = [
    _steps(),
    """
import torch

def pgd_attack(model, x, y, eps, step, steps, start=None):
    start = x if start is None else start
    if steps == 0:
        return x
    leaf = x.detach().clone().requires_grad_()
    z = model(leaf)
    (z.logsumexp(1) - z[range(len(y)), y]).sum()
    grad = torch.autograd.grad((z.logsumexp(1) - z[range(len(y)), y]).sum(), leaf)[0]
    moved = torch.clamp(torch.clamp(x + step * torch.sign(grad), 0, 1), start - eps, start + eps)
    return pgd_attack(model, moved, y, eps, step, steps - 1, start)
""",
]

WRONG["pgd_attack"] = {
    "softmax_twice": _steps("loss_fn(nn.Softmax(dim=1)(model(x + leaf)), y)"),
    "euclidean_ball": _steps(
        ball="torch.stack([row if row.norm() <= eps else eps * row / row.norm() for row in delta])"
    ),
    "no_projection": _steps(ball="delta"),
    "projects_around_last_iterate": _steps(ball="old + torch.clamp(delta - old, -eps, eps)"),
    "gradient_only_at_start": _steps("loss_fn(model(x + 0 * delta + leaf - delta), y)"),
    "forgets_pixel_range": _steps(pixels="delta"),
    "range_only_at_end": _steps(pixels="delta", result="torch.clamp(x + delta, 0, 1)"),
    "projects_only_at_end": _steps(
        ball="delta", pixels="delta", result="torch.clamp(x + delta.clamp(-eps, eps), 0, 1)"
    ),
    "step_is_eps": _steps(move="eps * grad.sign()"),
    "descends": _steps("-loss_fn(model(x + leaf), y)"),
    "no_sign": _steps("nn.CrossEntropyLoss(reduction='sum')(model(x + leaf), y)", move="step * grad"),
    "uses_prediction": _steps("loss_fn(model(x + leaf), model(x).argmax(-1))"),
    "one_step_only": _steps(steps="1"),
    "only_the_change": _steps(result="delta"),
    "in_place": _steps(result="x.add_(delta)"),
    "pollutes_parameter_grads": _steps().replace(
        "grad = torch.autograd.grad(loss, leaf)[0]", "loss.backward()\n        grad = leaf.grad"
    ),
    "changes_input_flag": _steps()
    .replace("delta = torch.zeros_like(x)", "x.requires_grad_()\n    delta = torch.zeros_like(x)")
    .replace("return x + delta", "return (x + delta).detach()"),
    "keeps_graph": _steps(result="x + delta + 0 * leaf"),
}

# ------------------------------------------------------------------------------------------ what a unit looks for

CLIMB = """
import torch

def maximize_unit(model, unit, x0, steps, lr):
    finished = []
    for image in x0.detach():
        current = image.clone()
        <first>
        for i in range(<steps>):
            leaf = current.clone()[None].requires_grad_()
            out = model(leaf)[0]
            g = torch.autograd.grad(<quantity>, leaf)[0][0]
            current = current + <move>
            <clip>
        finished.append(<end>)
    return torch.stack(finished)
"""


def _climb(
    quantity: str = "out[unit]",
    move: str = "lr * g / (g.norm() + 1e-8)",
    clip: str = "current = current.clamp(0, 1)",
    steps: str = "steps",
    end: str = "current",
    first: str = "pass",
) -> str:
    return _written(CLIMB, quantity=quantity, move=move, clip=clip, steps=steps, end=end, first=first)


TOGETHER = """
import torch

def maximize_unit(model, unit, x0, steps, lr):
    x = x0.clone()
    axes = list(range(1, x.dim()))
    for _ in range(steps):
        leaf = x.detach().requires_grad_()
        grad = torch.autograd.grad(model(leaf)[:, unit].sum(), leaf)[0]
        x = torch.clamp(leaf.detach() + <move>, 0, 1)
    return x
"""

RIGHT["maximize_unit"] = [
    _climb(),
    _written(TOGETHER, move="grad.mul(lr).div(grad.square().sum(axes, keepdim=True).sqrt().add(1e-8))"),
]

WRONG["maximize_unit"] = {
    "minimises": _climb("-out[unit]"),
    "norm_over_batch": _written(TOGETHER, move="lr * grad / (grad.square().sum().sqrt() + 1e-8)"),
    "norm_of_rows": _written(
        TOGETHER, move="lr * grad / (torch.linalg.vector_norm(grad, dim=-1, keepdim=True) + 1e-8)"
    ),
    "divides_by_zero": _climb(move="lr * g / g.norm()"),
    "clips_once_at_end": _climb(clip="pass", end="current.clamp(0, 1)"),
    "no_clip": _climb(clip="pass"),
    "softmax_objective": _climb("torch.softmax(out, 0)[unit]"),
    "not_normalised": _climb(move="lr * g"),
    "other_norm": _climb(move="lr * g / (g.abs().sum() + 1e-8)"),
    "takes_signs": _climb(move="lr * torch.sign(g)"),
    "one_step_only": _climb(steps="int(steps > 0)"),
    "gradient_only_at_start": _climb(first="first = current.clone()").replace(
        "leaf = current.clone()", "leaf = first.clone()"
    ),
    "in_place": """
import torch

def maximize_unit(model, unit, x0, steps, lr):
    for _ in range(steps):
        for n in range(len(x0)):
            leaf = x0[n : n + 1].clone().requires_grad_()
            g = torch.autograd.grad(model(leaf)[0, unit], leaf)[0][0]
            x0[n] = (x0[n] + lr * g / (g.norm() + 1e-8)).clamp(0, 1)
    return x0
""",
    "pollutes_parameter_grads": _climb().replace(
        "g = torch.autograd.grad(out[unit], leaf)[0][0]", "out[unit].backward()\n            g = leaf.grad[0]"
    ),
    "changes_input_flag": """
import torch

def maximize_unit(model, unit, x0, steps, lr):
    x0.requires_grad = True
    x = x0
    for _ in range(steps):
        g = torch.autograd.grad(model(x)[:, unit].sum(), x)[0]
        norm = g.flatten(1).norm(dim=1).view(-1, *[1] * (g.dim() - 1))
        x = (x + lr * g / (norm + 1e-8)).clamp(0, 1).detach().requires_grad_()
    return x.detach()
""",
    "keeps_graph": _climb().replace("x0.detach()", "x0.clone().requires_grad_()"),
}

# ------------------------------------------------------------------------------------------ patches

LAYERWISE = """
import torch

class Store:
    def __init__(self):
        self.value = None

def patch_activation(model, layer, x_clean, x_corrupt, channels=None):
    store = Store()
    target = [m for name, m in model.named_modules() if name == layer][0]

    def record(m, inputs, output):
        store.value = <recorded>

    def replace(m, inputs, output):
        new = output.detach().clone()
        index = torch.arange(output.shape[1]) if channels is None else channels
        <replace>
        return new

    with torch.inference_mode(False), torch.no_grad():
        first = target.register_forward_hook(record)
        model(<source>)
        <between>
        second = target.register_forward_hook(replace)
        result = model(<run>)
        <after>
    return <result>
"""


def _patch(
    replace: str = "new[:, index] = store.value[:, index]",
    recorded: str = "output.clone()",
    source: str = "x_clean",
    run: str = "x_corrupt",
    between: str = "first.remove()",
    after: str = "second.remove()",
    result: str = "result",
) -> str:
    return _written(
        LAYERWISE,
        replace=replace,
        recorded=recorded,
        source=source,
        run=run,
        between=between,
        after=after,
        result=result,
    )


RIGHT["patch_activation"] = [
    _patch(),
    """
import torch
from torch import nn

def patch_activation(model, layer, x_clean, x_corrupt, channels=None):
    class Swap:
        saved = None
        def __call__(self, module, inputs, output):
            if self.saved is None:
                self.saved = output
                return None
            if channels is None:
                return self.saved
            return output.index_copy(1, channels, self.saved.index_select(1, channels))
    handle = model.get_submodule(layer).register_forward_hook(Swap())
    try:
        with torch.no_grad():
            model(x_clean)
            out = model(x_corrupt)
    finally:
        handle.remove()
    return out
""",
]

WRONG["patch_activation"] = {
    "named_channels_unpatched": _patch("new = store.value if channels is None else new"),
    "hook_left_in_place": _patch(after="pass"),
    "save_hook_still_active": _patch(between="pass", after="first.remove(); second.remove()"),
    "patches_corrupt_into_clean": _patch(source="x_corrupt", run="x_clean"),
    "all_channels_always": _patch("new = store.value"),
    "patches_layer_input": _patch(recorded="inputs[0].clone()"),
    "other_channels_patched": _patch(
        "keep = [c for c in range(output.shape[1]) if c not in index.tolist() or channels is None]"
        "; new[:, keep] = store.value[:, keep]"
    ),
    "other_channels_zero": _patch("new = torch.zeros_like(output); new[:, index] = store.value[:, index]"),
    "wrong_axis": _patch(
        "new = store.value if channels is None else new; new[..., index[: new.shape[-1]]] = store.value[..., index[: new.shape[-1]]]"
    ),
    "probabilities_returned": _patch(result="result.softmax(-1)"),
    "pollutes_parameter_grads": _patch(result="result.detach()")
    .replace("torch.inference_mode(False), torch.no_grad()", "torch.enable_grad()")
    .replace(
        "    return result",
        "    result.sum().backward()\n    for p in model.parameters():\n        p.grad = torch.full_like(p, 7.0)\n    return result",
    )
    .replace("output.detach().clone()", "output.clone()"),
    "changes_input_flag": _patch().replace(
        "    store = Store()\n", "    store = Store()\n    x_corrupt.requires_grad_()\n"
    ),
    "keeps_graph": _patch()
    .replace("torch.inference_mode(False), torch.no_grad()", "torch.enable_grad()")
    .replace("output.detach().clone()", "output.clone()"),
}

# ------------------------------------------------------------------------------------------ a shortcut

TRAINING = """
import torch
import torch.nn as nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(100, 80)
        self.second = nn.Linear(80, 10)
        <extra>

    def forward(self, images):
        <mask>
        h = F.relu(self.first(images.reshape(len(images), 100)))
        <after>
        return self.second(h)

def train_without_shortcut(images, labels, seed=0):
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    net = Net()
    opt = torch.optim.<optimizer>
    for step in range(<steps>):
        idx = torch.randint(0, 600, (64,), generator=generator)
        batch = images[idx].clone()
        <change>
        opt.zero_grad()
        F.cross_entropy(net(batch), labels[idx]).backward()
        opt.step()
    return net
"""


def _training(
    mask: str = "pass",
    change: str = "pass",
    optimizer: str = "Adam(net.parameters(), lr=0.005)",
    extra: str = "",
    after: str = "pass",
    steps: str = "250",
) -> str:
    return _written(
        TRAINING, mask=mask, change=change, optimizer=optimizer, extra=extra or "pass", after=after, steps=steps
    )


RIGHT["train_without_shortcut"] = [
    _training(
        "images = images * torch.cat([torch.zeros(1, 10), torch.ones(9, 10)])",
        "batch = batch + 0.3 * torch.randn(batch.shape, generator=generator)",
    ),
    """
from sklearn.svm import SVC
import torch

def train_without_shortcut(images, labels, seed=0):
    X = images[:, 0, 2:, 1:9].reshape(len(images), 64).numpy()
    svm = SVC(C=3.0, gamma=0.05).fit(X, labels.numpy())

    class Wrapped(torch.nn.Module):
        def forward(self, x):
            rows = x[:, 0, 2:, 1:9].reshape(len(x), 64).numpy()
            return torch.from_numpy(svm.decision_function(rows)).float()

    return Wrapped()
""",
]

WRONG["train_without_shortcut"] = {
    "plain_training": _training(),
    "weight_decay_only": _training(optimizer="SGD(net.parameters(), lr=0.3, weight_decay=0.003)"),
    "noise_only": _training(change="batch = (batch + 0.2 * torch.randn(batch.shape, generator=generator)).clamp(0, 1)"),
    "dropout_only": _training(extra="self.drop = nn.Dropout(0.5)", after="h = self.drop(h)"),
    "hides_wrong_border": _training("images = images.clone(); images[..., 9] = 0; images[..., 0] = 0"),
    "reads_too_poorly": _training("images = images[:, :, 1:]; images = F.pad(images, (0, 0, 1, 0))", steps="20"),
}
