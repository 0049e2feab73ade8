"""Answers to lecture 10 as students write them, right and wrong, in the form that `autograder audit` reads."""

RIGHT = {}
WRONG = {}

# ------------------------------------------------------------------------------------------ the gradient at the input

RIGHT["input_gradient"] = [
    """
import torch

def input_gradient(model, x, target):
    leaf = x.clone().detach().requires_grad_(True)
    log_p = model(leaf).log_softmax(dim=-1)
    return torch.autograd.grad(log_p[torch.arange(len(x)), target].sum(), leaf)[0]
""",
    """
import torch
import torch.nn.functional as F

def input_gradient(model, x, target):
    out = []
    for n in range(x.shape[0]):
        one = x[n:n + 1].detach().clone()
        one.requires_grad = True
        loss = F.cross_entropy(model(one), target[n:n + 1])
        g, = torch.autograd.grad(loss, [one])
        out.append(-g[0])
    return torch.stack(out)
""",
    """
import torch

def input_gradient(model, x, target):
    x = x.detach().clone().requires_grad_()
    loss = torch.nn.functional.cross_entropy(model(x), target, reduction="sum")
    return -torch.autograd.grad(loss, x)[0]
""",
    """
import torch
from torch.func import grad, vmap

def input_gradient(model, x, target):
    def log_p(image, t):
        z = model(image[None])[0]
        return torch.log_softmax(z, 0).gather(0, t[None])[0]
    return vmap(grad(log_p))(x, target).detach()
""",
    """
import torch

def input_gradient(model, x, target):
    x = x.detach().clone().requires_grad_()
    z = model(x)
    onehot = torch.zeros_like(z)
    onehot[range(len(z)), target] = 1
    v = (onehot - z.softmax(1)).detach()
    return torch.autograd.grad(z, x, grad_outputs=v)[0]
""",
    """
import torch

def input_gradient(model, x, target):
    saved = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
    leaf = x.detach().clone().requires_grad_()
    (-torch.nn.NLLLoss(reduction="sum")(torch.log_softmax(model(leaf), 1), target)).backward()
    for p, g in zip(model.parameters(), saved):
        p.grad = g
    return leaf.grad.detach()
""",
]

WRONG["input_gradient"] = {
    "mean_over_batch": """
import torch

def input_gradient(model, x, target):
    x = x.clone().requires_grad_()
    log_p = torch.log_softmax(model(x), 1)[range(len(x)), target].mean()
    return torch.autograd.grad(log_p, x)[0]
""",
    "loss_sign": """
import torch
import torch.nn.functional as F

def input_gradient(model, x, target):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(F.cross_entropy(model(x), target, reduction="sum"), x)[0]
""",
    "logit_not_logprob": """
import torch

def input_gradient(model, x, target):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(model(x)[range(len(x)), target].sum(), x)[0]
""",
    "probability_not_logprob": """
import torch

def input_gradient(model, x, target):
    x = x.clone().requires_grad_()
    p = torch.softmax(model(x), 1)
    return torch.autograd.grad(p[range(len(x)), target].sum(), x)[0]
""",
    "targets_ignored": """
import torch

def input_gradient(model, x, target):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(model(x).log_softmax(1).max(dim=1).values.sum(), x)[0]
""",
    "every_target_for_every_image": """
import torch

def input_gradient(model, x, target):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(model(x).log_softmax(1)[:, target].sum(), x)[0]
""",
    "softmax_over_images": """
import torch

def input_gradient(model, x, target):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(model(x).log_softmax(0)[range(len(x)), target].sum(), x)[0]
""",
    "softmax_twice": """
import torch

def input_gradient(model, x, target):
    x = x.clone().requires_grad_()
    p = torch.softmax(model(x), dim=1)
    return -torch.autograd.grad(torch.nn.functional.cross_entropy(p, target, reduction="sum"), x)[0]
""",
    "absolute_value": """
import torch

def input_gradient(model, x, target):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(model(x).log_softmax(1)[range(len(x)), target].sum(), x)[0].abs()
""",
    "times_input": """
import torch

def input_gradient(model, x, target):
    leaf = x.clone().requires_grad_()
    return x * torch.autograd.grad(model(leaf).log_softmax(1)[range(len(x)), target].sum(), leaf)[0]
""",
    "pollutes_parameter_grads": """
import torch

def input_gradient(model, x, target):
    x = x.clone().detach().requires_grad_()
    log_p = torch.log_softmax(model(x), 1)
    log_p[torch.arange(len(x)), target].sum().backward()
    return x.grad
""",
    "changes_input_flag": """
import torch

def input_gradient(model, x, target):
    x.requires_grad_(True)
    log_p = torch.log_softmax(model(x), 1)
    return torch.autograd.grad(log_p[torch.arange(len(x)), target].sum(), x)[0]
""",
    "keeps_graph": """
import torch

def input_gradient(model, x, target):
    x = x.clone().detach().requires_grad_()
    log_p = torch.log_softmax(model(x), 1)
    return torch.autograd.grad(log_p[torch.arange(len(x)), target].sum(), x, create_graph=True)[0]
""",
    "zeroes_grads_first": """
import torch

def input_gradient(model, x, target):
    model.zero_grad()
    x = x.clone().detach().requires_grad_()
    log_p = torch.log_softmax(model(x), 1)
    log_p[torch.arange(len(x)), target].sum().backward()
    model.zero_grad()
    return x.grad
""",
    "training_mode_left": """
import torch

def input_gradient(model, x, target):
    leaf = x.clone().detach().requires_grad_()
    log_p = torch.log_softmax(model(leaf), 1)
    g = torch.autograd.grad(log_p[torch.arange(len(x)), target].sum(), leaf)[0]
    model.train()
    return g
""",
    "freezes_parameters": """
import torch

def input_gradient(model, x, target):
    for p in model.parameters():
        p.requires_grad_(False)
    leaf = x.clone().detach().requires_grad_()
    log_p = torch.log_softmax(model(leaf), 1)
    log_p[torch.arange(len(x)), target].sum().backward()
    return leaf.grad
""",
    "only_first": """
import torch

def input_gradient(model, x, target):
    leaf = x.clone().detach().requires_grad_()
    log_p = torch.log_softmax(model(leaf), 1)
    return torch.autograd.grad(log_p[0, target[0]], leaf)[0]
""",
    "summed_over_images": """
import torch

def input_gradient(model, x, target):
    leaf = x.clone().detach().requires_grad_()
    log_p = torch.log_softmax(model(leaf), 1)
    return torch.autograd.grad(log_p[torch.arange(len(x)), target].sum(), leaf)[0].sum(0)
""",
}

# ------------------------------------------------------------------------------------------ noise

GRADIENT = """
import torch

def g(model, x, target):
    x = x.detach().clone().requires_grad_()
    log_p = torch.log_softmax(model(x), dim=1)
    return torch.autograd.grad(log_p[torch.arange(len(x)), target].sum(), x)[0]
"""

RIGHT["smoothgrad"] = [
    GRADIENT
    + """
def smoothgrad(model, x, target, noise):
    return sum(g(model, x + e, target) for e in noise) / len(noise)
""",
    GRADIENT
    + """
def smoothgrad(model, x, target, noise):
    S, N = noise.shape[0], noise.shape[1]
    batch = (x.unsqueeze(0) + noise).reshape(S * N, *x.shape[1:])
    grads = g(model, batch, target.repeat(S))
    return grads.reshape(noise.shape).mean(0)
""",
    """
import torch

def smoothgrad(model, x, target, noise):
    offset = torch.zeros_like(x, requires_grad=True)
    total = 0
    for s in range(noise.shape[0]):
        loss = torch.nn.functional.cross_entropy(model(x + noise[s] + offset), target, reduction="sum")
        total = total - loss
    return torch.autograd.grad(total / noise.shape[0], offset)[0]
""",
    GRADIENT
    + """
def smoothgrad(model, x, target, noise):
    S = len(noise)
    out = torch.empty_like(x)
    for n in range(len(x)):
        copies = x[n].unsqueeze(0) + noise[:, n]
        out[n] = g(model, copies, target[n].repeat(S)).mean(dim=0)
    return out
""",
]

WRONG["smoothgrad"] = {
    "noisy_images_clipped": GRADIENT
    + """
def smoothgrad(model, x, target, noise):
    return sum(g(model, torch.clamp(x + e, 0, 1), target) for e in noise) / len(noise)
""",
    "averages_inputs": GRADIENT
    + """
def smoothgrad(model, x, target, noise):
    return g(model, (x + noise).mean(0), target)
""",
    "sums_not_averages": GRADIENT
    + """
def smoothgrad(model, x, target, noise):
    total = torch.zeros_like(x)
    for e in noise:
        total += g(model, x + e, target)
    return total
""",
    "same_noise_every_time": GRADIENT
    + """
def smoothgrad(model, x, target, noise):
    return torch.stack([g(model, x + noise[0], target) for s in range(len(noise))]).mean(0)
""",
    "targets_interleaved": GRADIENT
    + """
def smoothgrad(model, x, target, noise):
    S, N = noise.shape[:2]
    batch = (x + noise).flatten(0, 1)
    return g(model, batch, target.repeat_interleave(S)).view(noise.shape).mean(0)
""",
    "images_interleaved": GRADIENT
    + """
def smoothgrad(model, x, target, noise):
    S, N = noise.shape[:2]
    batch = x.repeat_interleave(S, 0) + noise.flatten(0, 1)
    return g(model, batch, target.repeat(S)).view(noise.shape).mean(0)
""",
    "noise_accumulates": GRADIENT
    + """
def smoothgrad(model, x, target, noise):
    total = torch.zeros_like(x)
    for e in noise:
        x = x + e
        total += g(model, x, target)
    return total / len(noise)
""",
    "no_noise": GRADIENT
    + """
def smoothgrad(model, x, target, noise):
    return torch.stack([g(model, x, target) for e in noise]).mean(0)
""",
    "gradients_at_the_noise": GRADIENT
    + """
def smoothgrad(model, x, target, noise):
    return torch.stack([g(model, e, target) for e in noise]).mean(0)
""",
    "gradient_times_noise": GRADIENT
    + """
def smoothgrad(model, x, target, noise):
    grad = g(model, x, target)
    return torch.stack([grad * (x + e) for e in noise]).mean(0)
""",
    "loss_sign": """
import torch

def smoothgrad(model, x, target, noise):
    total = torch.zeros_like(x)
    for e in noise:
        y = (x + e).requires_grad_()
        total += torch.autograd.grad(torch.nn.functional.cross_entropy(model(y), target, reduction="sum"), y)[0]
    return total / len(noise)
""",
    "logit_not_logprob": """
import torch

def smoothgrad(model, x, target, noise):
    total = torch.zeros_like(x)
    for e in noise:
        y = (x + e).requires_grad_()
        total += torch.autograd.grad(model(y).gather(1, target[:, None]).sum(), y)[0]
    return total / len(noise)
""",
    "probability_not_logprob": """
import torch

def smoothgrad(model, x, target, noise):
    total = torch.zeros_like(x)
    for e in noise:
        y = (x + e).requires_grad_()
        total += torch.autograd.grad(model(y).softmax(1).gather(1, target[:, None]).sum(), y)[0]
    return total / len(noise)
""",
    "mean_over_batch": """
import torch

def smoothgrad(model, x, target, noise):
    total = torch.zeros_like(x)
    for e in noise:
        y = (x + e).requires_grad_()
        total += torch.autograd.grad(model(y).log_softmax(1).gather(1, target[:, None]).mean(), y)[0]
    return total / len(noise)
""",
    "absolute_value": GRADIENT
    + """
def smoothgrad(model, x, target, noise):
    return torch.stack([g(model, x + e, target).abs() for e in noise]).mean(0)
""",
    "pollutes_parameter_grads": """
import torch

def smoothgrad(model, x, target, noise):
    total = torch.zeros_like(x)
    for e in noise:
        y = (x + e).requires_grad_()
        model(y).log_softmax(1).gather(1, target[:, None]).sum().backward()
        total += y.grad
    return total / len(noise)
""",
    "changes_input_flag": """
import torch

def smoothgrad(model, x, target, noise):
    x.requires_grad_()
    total = torch.zeros_like(x)
    for e in noise:
        total = total + torch.autograd.grad(model(x + e).log_softmax(1).gather(1, target[:, None]).sum(), x)[0]
    return total / len(noise)
""",
    "keeps_graph": """
import torch

def smoothgrad(model, x, target, noise):
    grads = []
    for e in noise:
        y = (x + e).requires_grad_()
        log_p = model(y).log_softmax(1).gather(1, target[:, None]).sum()
        grads.append(torch.autograd.grad(log_p, y, create_graph=True)[0])
    return torch.stack(grads).mean(0)
""",
    "noise_added_in_place": GRADIENT
    + """
def smoothgrad(model, x, target, noise):
    total = torch.zeros_like(x)
    for e in noise:
        x += e
        total += g(model, x, target)
    return total / len(noise)
""",
    "own_noise": GRADIENT
    + """
def smoothgrad(model, x, target, noise):
    return torch.stack([g(model, x + noise.std() * torch.randn_like(x), target) for e in noise]).mean(0)
""",
}

# ------------------------------------------------------------------------------------------ paths

LOGIT = """
import torch

def g(model, x, target):
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(model(x)[torch.arange(len(x)), target].sum(), x)[0]
"""

RIGHT["integrated_gradients"] = [
    LOGIT
    + """
def integrated_gradients(model, x, baseline, target, steps):
    total = 0
    for k in range(steps):
        a = (k + 0.5) / steps
        total = total + g(model, baseline + a * (x - baseline), target)
    return (x - baseline) * total / steps
""",
    LOGIT
    + """
def integrated_gradients(model, x, baseline, target, steps):
    b = baseline.expand_as(x)
    a = (torch.arange(steps, dtype=x.dtype) + 0.5) / steps
    a = a.reshape(steps, *([1] * x.dim()))
    points = b + a * (x - b)
    grads = g(model, points.reshape(-1, *x.shape[1:]), target.repeat(steps))
    return (x - b) * grads.reshape(points.shape).mean(0)
""",
    """
import torch

def integrated_gradients(model, x, baseline, target, steps):
    result = torch.zeros_like(x)
    baseline = torch.broadcast_to(baseline, x.shape)
    for n in range(len(x)):
        for k in range(steps):
            a = (2 * k + 1) / (2 * steps)
            point = ((1 - a) * baseline[n:n+1] + a * x[n:n+1]).requires_grad_()
            z = model(point)[0, target[n]]
            result[n:n+1] += torch.autograd.grad(z, point)[0] / steps
    return result * (x - baseline)
""",
    """
import torch

def integrated_gradients(model, x, baseline, target, steps):
    diff = x - baseline
    grads = []
    for a in torch.linspace(0.5 / steps, 1 - 0.5 / steps, steps, dtype=torch.float64).tolist():
        p = (x - a * diff).detach().requires_grad_()
        z = model(p)
        mask = torch.nn.functional.one_hot(target, z.shape[1]).to(z.dtype)
        grads.append(torch.autograd.grad(z, p, mask)[0])
    return diff * torch.stack(grads).mean(dim=0)
""",
]


def _integrated(
    points: str = "[(k + 0.5) / steps for k in range(steps)]",
    at: str = "baseline + a * (x - baseline)",
    result: str = "(x - baseline) * mean",
) -> str:
    return (
        LOGIT
        + f"""
def integrated_gradients(model, x, baseline, target, steps):
    total = torch.zeros_like(x)
    points = {points}
    for a in points:
        total += g(model, {at}, target)
    mean = total / len(points)
    return {result}
"""
    )


def _explained(score: str) -> str:
    return f"""
import torch

def integrated_gradients(model, x, baseline, target, steps):
    total = torch.zeros_like(x)
    for k in range(steps):
        p = (baseline + (k + 0.5) / steps * (x - baseline)).requires_grad_()
        total += torch.autograd.grad(model(p){score}.gather(1, target[:, None]).sum(), p)[0]
    return (x - baseline) * total / steps
"""


WRONG["integrated_gradients"] = {
    "left_endpoints": _integrated("[k / steps for k in range(steps)]"),
    "upper_endpoints": _integrated("[k / steps for k in range(1, steps + 1)]"),
    "both_ends_included": _integrated("torch.linspace(0, 1, steps).tolist()"),
    "no_difference_factor": _integrated(result="mean"),
    "multiplies_by_x": _integrated(result="x * mean"),
    "explains_probability": _explained(".softmax(1)"),
    "explains_log_probability": _explained(".log_softmax(1)"),
    "path_scales_x": _integrated(at="a * x"),
    "path_adds_x": _integrated(at="baseline + a * x"),
    "sums_not_averages": _integrated(result="(x - baseline) * total"),
    "only_at_the_image": _integrated("[1.0]"),
    "from_image_to_baseline": _integrated(result="(baseline - x) * mean"),
    "mean_over_batch": _integrated(result="(x - baseline) * mean / len(x)"),
    "targets_interleaved": LOGIT
    + """
def integrated_gradients(model, x, baseline, target, steps):
    points = torch.stack([baseline + (k + 0.5) / steps * (x - baseline) for k in range(steps)])
    grads = g(model, points.flatten(0, 1), target.repeat_interleave(steps))
    return (x - baseline) * grads.view(points.shape).mean(0)
""",
    "pollutes_parameter_grads": """
import torch

def integrated_gradients(model, x, baseline, target, steps):
    total = torch.zeros_like(x)
    for k in range(steps):
        p = (baseline + (k + 0.5) / steps * (x - baseline)).requires_grad_()
        model(p).gather(1, target[:, None]).sum().backward()
        total += p.grad
    return (x - baseline) * total / steps
""",
    "changes_input_flag": """
import torch

def integrated_gradients(model, x, baseline, target, steps):
    x.requires_grad_()
    total = torch.zeros_like(x)
    for k in range(steps):
        a = (k + 0.5) / steps
        z = model(baseline + a * (x - baseline)).gather(1, target[:, None]).sum()
        total = total + torch.autograd.grad(z, x)[0] / a
    return ((x - baseline) * total / steps).detach()
""",
    "keeps_graph": """
import torch

def integrated_gradients(model, x, baseline, target, steps):
    x = x.clone().requires_grad_()
    total = torch.zeros_like(x)
    for k in range(steps):
        p = baseline + (k + 0.5) / steps * (x - baseline)
        total = total + torch.autograd.grad(model(p).gather(1, target[:, None]).sum(), p)[0]
    return (x - baseline) * total / steps
""",
    "all_logits": LOGIT.replace("[torch.arange(len(x)), target]", "")
    + """
def integrated_gradients(model, x, baseline, target, steps):
    points = [baseline + (k + 0.5) / steps * (x - baseline) for k in range(steps)]
    return (x - baseline) * torch.stack([g(model, p, target) for p in points]).mean(0)
""",
    "twice_as_many_steps": _integrated("[(k + 0.5) / (2 * steps) for k in range(2 * steps)]"),
}

# ------------------------------------------------------------------------------------------ attacks

LOSS = """
import torch
import torch.nn.functional as F

def g(model, x, y):
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(F.cross_entropy(model(x), y), x)[0]
"""

RIGHT["fgsm_attack"] = [
    LOSS
    + """
def fgsm_attack(model, x, y, eps):
    return torch.clamp(x + eps * torch.sign(g(model, x, y)), 0, 1)
""",
    """
import torch

def fgsm_attack(model, x, y, eps):
    z = x.detach().clone().requires_grad_()
    log_p = torch.log_softmax(model(z), 1)[torch.arange(len(x)), y].sum()
    grad, = torch.autograd.grad(log_p, z)
    return (x - eps * grad.sign()).clip(0.0, 1.0).detach()
""",
    """
import torch

def fgsm_attack(model, x, y, eps):
    delta = torch.zeros_like(x, requires_grad=True)
    loss = torch.nn.CrossEntropyLoss()(model(x + delta), y)
    grad = torch.autograd.grad(loss, delta)[0]
    step = torch.where(grad > 0, eps, torch.where(grad < 0, -eps, 0.0)).to(x.dtype)
    return torch.minimum(torch.maximum(x + step, torch.zeros_like(x)), torch.ones_like(x))
""",
    """
import torch
import torch.nn.functional as F

def fgsm_attack(model, x, y, eps):
    rows = []
    for image, label in zip(x, y):
        image = image[None].clone().requires_grad_()
        loss = F.cross_entropy(model(image), label[None])
        grad = torch.autograd.grad(loss, image)[0]
        rows.append((image + eps * grad.sign()).clamp(0, 1).detach()[0])
    return torch.stack(rows)
""",
]

WRONG["fgsm_attack"] = {
    "softmax_twice": """
import torch

def fgsm_attack(model, x, y, eps):
    leaf = x.clone().requires_grad_()
    loss = torch.nn.functional.cross_entropy(model(leaf).softmax(dim=1), y)
    return (x + eps * torch.autograd.grad(loss, leaf)[0].sign()).clamp(0, 1)
""",
    "descends": LOSS
    + """
def fgsm_attack(model, x, y, eps):
    return (x - eps * g(model, x, y).sign()).clamp(0, 1)
""",
    "no_clip": LOSS
    + """
def fgsm_attack(model, x, y, eps):
    return x + eps * g(model, x, y).sign()
""",
    "no_sign": """
import torch

def fgsm_attack(model, x, y, eps):
    x = x.clone().requires_grad_()
    loss = torch.nn.functional.cross_entropy(model(x), y, reduction="sum")
    return (x + eps * torch.autograd.grad(loss, x)[0]).clamp(0, 1).detach()
""",
    "uses_prediction": LOSS
    + """
def fgsm_attack(model, x, y, eps):
    guess = model(x).argmax(1)
    return (x + eps * g(model, x, guess).sign()).clamp(0, 1)
""",
    "other_classes_ignored": """
import torch

def fgsm_attack(model, x, y, eps):
    leaf = x.clone().requires_grad_()
    grad = torch.autograd.grad(-model(leaf)[torch.arange(len(x)), y].sum(), leaf)[0]
    return (x + eps * grad.sign()).clamp(0, 1)
""",
    "only_the_change": LOSS
    + """
def fgsm_attack(model, x, y, eps):
    return eps * g(model, x, y).sign()
""",
    "zero_gets_a_sign": LOSS
    + """
def fgsm_attack(model, x, y, eps):
    grad = g(model, x, y)
    return (x + torch.where(grad >= 0, eps, -eps)).clamp(0, 1).to(x.dtype)
""",
    "in_place": LOSS
    + """
def fgsm_attack(model, x, y, eps):
    x += eps * g(model, x, y).sign()
    return x.clamp_(0, 1)
""",
    "pollutes_parameter_grads": """
import torch
import torch.nn.functional as F

def fgsm_attack(model, x, y, eps):
    leaf = x.clone().detach().requires_grad_(True)
    loss = F.cross_entropy(model(leaf), y)
    loss.backward()
    return (x + eps * leaf.grad.sign()).clamp(0, 1)
""",
    "changes_input_flag": """
import torch
import torch.nn.functional as F

def fgsm_attack(model, x, y, eps):
    x.requires_grad = True
    grad = torch.autograd.grad(F.cross_entropy(model(x), y), x)[0]
    return (x + eps * grad.sign()).clamp(0, 1).detach()
""",
    "keeps_graph": """
import torch
import torch.nn.functional as F

def fgsm_attack(model, x, y, eps):
    x = x.clone().requires_grad_()
    grad = torch.autograd.grad(F.cross_entropy(model(x), y), x)[0]
    return (x + eps * grad.sign()).clamp(0, 1)
""",
    "tutorial": """
import torch
import torch.nn.functional as F

def fgsm_attack(model, x, y, eps):
    x.requires_grad = True
    loss = F.cross_entropy(model(x), y)
    model.zero_grad()
    loss.backward()
    return torch.clamp(x + eps * x.grad.sign(), 0, 1)
""",
    "wrong_range": LOSS
    + """
def fgsm_attack(model, x, y, eps):
    return (x + eps * g(model, x, y).sign()).clamp(-1, 1)
""",
}

RIGHT["pgd_attack"] = [
    LOSS
    + """
def pgd_attack(model, x, y, eps, step, steps):
    adv = x.clone()
    for _ in range(steps):
        adv = adv + step * g(model, adv, y).sign()
        adv = torch.min(torch.max(adv, x - eps), x + eps)
        adv = adv.clamp(0, 1)
    return adv
""",
    """
import torch
import torch.nn.functional as F

def pgd_attack(model, x, y, eps, step, steps):
    delta = torch.zeros_like(x)
    for _ in range(steps):
        delta.requires_grad_()
        loss = F.cross_entropy(model(x + delta), y, reduction="sum")
        grad = torch.autograd.grad(loss, delta)[0]
        delta = (delta.detach() + step * grad.sign()).clamp(-eps, eps)
        delta = (x + delta).clamp(0, 1) - x
    return (x + delta).detach()
""",
    LOSS
    + """
def pgd_attack(model, x, y, eps, step, steps):
    adv = x
    for _ in range(steps):
        adv = (adv + step * g(model, adv, y).sign()).clamp(0, 1)
        adv = torch.clamp(adv, x - eps, x + eps)
    return adv
""",
    """
import torch

def pgd_attack(model, x, y, eps, step, steps):
    lower, upper = torch.clamp(x - eps, min=0), torch.clamp(x + eps, max=1)
    current = x.detach().clone()
    while steps > 0:
        leaf = current.clone().requires_grad_()
        score = model(leaf).log_softmax(1).gather(1, y.unsqueeze(1)).sum()
        direction = -torch.autograd.grad(score, leaf)[0].sign()
        with torch.no_grad():
            current = (current + step * direction).clamp(lower, upper)
        steps -= 1
    return current
""",
]


def _walk(
    step: str = "step",
    y: str = "y",
    grad: str = "g(model, now, y)",
    project: str = "now.clamp(x - eps, x + eps).clamp(0, 1)",
    steps: str = "steps",
    result: str = "now",
) -> str:
    return (
        LOSS
        + f"""
def pgd_attack(model, x, y, eps, step, steps):
    now = x.clone()
    first = g(model, x, y)
    for _ in range({steps}):
        before = now
        now = now + {step} * {grad}.sign()
        now = {project}
    return {result}
"""
    )


WRONG["pgd_attack"] = {
    "softmax_twice": _walk(grad="g(torch.nn.Sequential(model, torch.nn.Softmax(1)), now, y)"),
    "no_projection": _walk(project="now.clamp(0, 1)"),
    "projects_around_last_iterate": _walk(project="now.clamp(before - eps, before + eps).clamp(0, 1)"),
    "gradient_only_at_start": _walk(grad="first"),
    "forgets_pixel_range": _walk(project="now.clamp(x - eps, x + eps)"),
    "range_only_at_end": _walk(project="now.clamp(x - eps, x + eps)", result="now.clamp(0, 1)"),
    "projects_only_at_end": _walk(project="now", result="now.clamp(x - eps, x + eps).clamp(0, 1)"),
    "step_is_eps": _walk(step="eps"),
    "descends": _walk(step="-step"),
    "no_sign": """
import torch
import torch.nn.functional as F

def pgd_attack(model, x, y, eps, step, steps):
    now = x.clone()
    for _ in range(steps):
        now = now.detach().requires_grad_()
        loss = F.cross_entropy(model(now), y, reduction="sum")
        now = now + step * torch.autograd.grad(loss, now)[0]
        now = now.clamp(x - eps, x + eps).clamp(0, 1)
    return now.detach()
""",
    "uses_prediction": _walk(grad="g(model, now, model(x).argmax(1))"),
    "one_step_only": LOSS
    + """
def pgd_attack(model, x, y, eps, step, steps):
    for _ in range(steps):
        adv = x + step * g(model, x, y).sign()
        adv = adv.clamp(x - eps, x + eps).clamp(0, 1)
    return adv
""",
    "only_the_change": _walk(result="now - x"),
    "in_place": LOSS
    + """
def pgd_attack(model, x, y, eps, step, steps):
    low, high = (x - eps).clamp(min=0), (x + eps).clamp(max=1)
    for _ in range(steps):
        x += step * g(model, x, y).sign()
        x.clamp_(low, high)
    return x
""",
    "pollutes_parameter_grads": """
import torch
import torch.nn.functional as F

def pgd_attack(model, x, y, eps, step, steps):
    adv = x.clone()
    for _ in range(steps):
        adv = adv.detach().requires_grad_()
        F.cross_entropy(model(adv), y).backward()
        adv = (adv + step * adv.grad.sign()).clamp(x - eps, x + eps).clamp(0, 1)
    return adv.detach()
""",
    "changes_input_flag": """
import torch
import torch.nn.functional as F

def pgd_attack(model, x, y, eps, step, steps):
    adv = x
    for _ in range(steps):
        adv.requires_grad_()
        grad = torch.autograd.grad(F.cross_entropy(model(adv), y), adv)[0]
        adv = (adv.detach() + step * grad.sign()).clamp(x.detach() - eps, x.detach() + eps).clamp(0, 1)
    return adv.detach()
""",
    "keeps_graph": """
import torch
import torch.nn.functional as F

def pgd_attack(model, x, y, eps, step, steps):
    adv = x.clone().requires_grad_()
    for _ in range(steps):
        grad = torch.autograd.grad(F.cross_entropy(model(adv), y), adv)[0]
        adv = (adv + step * grad.sign()).clamp(x - eps, x + eps).clamp(0, 1)
    return adv
""",
    "random_start": LOSS
    + """
def pgd_attack(model, x, y, eps, step, steps):
    adv = (x + eps * (2 * torch.rand_like(x) - 1)).clamp(0, 1)
    for _ in range(steps):
        adv = (adv + step * g(model, adv, y).sign()).clamp(x - eps, x + eps).clamp(0, 1)
    return adv
""",
    "euclidean_ball": LOSS
    + """
def pgd_attack(model, x, y, eps, step, steps):
    adv = x.clone()
    for _ in range(steps):
        d = adv + step * g(model, adv, y).sign() - x
        adv = (x + d * (eps / d.norm()).clamp(max=1)).clamp(0, 1)
    return adv
""",
}

# ------------------------------------------------------------------------------------------ what a unit looks for

UNIT = """
import torch

def g(model, x, unit):
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(model(x)[:, unit].sum(), x)[0]

def length(v):
    return v.flatten(1).norm(dim=1).reshape(-1, *[1] * (v.dim() - 1))
"""

RIGHT["maximize_unit"] = [
    UNIT
    + """
def maximize_unit(model, unit, x0, steps, lr):
    x = x0.clone()
    for _ in range(steps):
        d = g(model, x, unit)
        x = (x + lr * d / (length(d) + 1e-8)).clamp(0, 1)
    return x
""",
    """
import torch

def maximize_unit(model, unit, x0, steps, lr):
    images = []
    for start in x0:
        x = start.unsqueeze(0).detach().clone()
        for _ in range(steps):
            x.requires_grad_(True)
            grad = torch.autograd.grad(model(x)[0, unit], x)[0]
            with torch.no_grad():
                x = torch.clamp(x + lr * grad / (torch.linalg.vector_norm(grad) + 1e-8), 0, 1)
        images.append(x.detach()[0])
    return torch.stack(images)
""",
    """
import torch

def maximize_unit(model, unit, x0, steps, lr):
    x = x0.detach()
    for _ in range(steps):
        x = x.clone().requires_grad_()
        grad, = torch.autograd.grad(model(x).select(1, unit).sum(), x)
        norm = (grad ** 2).sum(dim=tuple(range(1, grad.dim())), keepdim=True) ** 0.5
        x = (x.detach() + lr * grad / (norm + 1e-8)).clip(0, 1)
    return x
""",
    """
import torch

def maximize_unit(model, unit, x0, steps, lr):
    if steps == 0:
        return x0.clone()
    leaf = x0.detach().clone().requires_grad_()
    out = model(leaf)
    v = torch.zeros_like(out)
    v[:, unit] = 1
    grad = torch.autograd.grad(out, leaf, v)[0]
    shape = (len(x0),) + (1,) * (x0.dim() - 1)
    norm = torch.sqrt(torch.square(grad.reshape(len(x0), -1)).sum(1)).reshape(shape)
    return maximize_unit(model, unit, (leaf + lr * grad / (norm + 1e-8)).detach().clamp(0, 1), steps - 1, lr)
""",
]


def _ascent(
    move: str = "lr * d / (length(d) + 1e-8)",
    clip: str = "x.clamp(0, 1)",
    steps: str = "steps",
    result: str = "x",
    grad: str = "g(model, x, unit)",
) -> str:
    return (
        UNIT
        + f"""
def maximize_unit(model, unit, x0, steps, lr):
    x = x0.clone()
    first = g(model, x0, unit)
    for _ in range({steps}):
        d = {grad}
        x = x + {move}
        x = {clip}
    return {result}
"""
    )


WRONG["maximize_unit"] = {
    "minimises": _ascent("-lr * d / (length(d) + 1e-8)"),
    "norm_over_batch": _ascent("lr * d / (d.norm() + 1e-8)"),
    "norm_of_rows": _ascent("lr * d / (d.norm(dim=-1, keepdim=True) + 1e-8)"),
    "divides_by_zero": _ascent("lr * d / length(d)"),
    "clips_once_at_end": _ascent(clip="x", result="x.clamp(0, 1)"),
    "no_clip": _ascent(clip="x"),
    "softmax_objective": UNIT.replace("model(x)[:, unit]", "model(x).softmax(1)[:, unit]")
    + """
def maximize_unit(model, unit, x0, steps, lr):
    x = x0.clone()
    for _ in range(steps):
        d = g(model, x, unit)
        x = (x + lr * d / (length(d) + 1e-8)).clamp(0, 1)
    return x
""",
    "not_normalised": _ascent("lr * d"),
    "other_norm": _ascent("lr * d / (d.abs().flatten(1).amax(1).reshape(-1, *[1] * (d.dim() - 1)) + 1e-8)"),
    "takes_signs": _ascent("lr * d.sign()"),
    "one_step_only": _ascent(steps="min(1, steps)"),
    "gradient_only_at_start": _ascent(grad="first"),
    "in_place": UNIT
    + """
def maximize_unit(model, unit, x0, steps, lr):
    for _ in range(steps):
        d = g(model, x0, unit)
        x0 += lr * d / (length(d) + 1e-8)
        x0.clamp_(0, 1)
    return x0
""",
    "pollutes_parameter_grads": UNIT
    + """
def maximize_unit(model, unit, x0, steps, lr):
    x = x0.clone()
    for _ in range(steps):
        x = x.detach().requires_grad_()
        model(x)[:, unit].sum().backward()
        x = (x + lr * x.grad / (length(x.grad) + 1e-8)).clamp(0, 1)
    return x.detach()
""",
    "changes_input_flag": UNIT
    + """
def maximize_unit(model, unit, x0, steps, lr):
    x = x0
    for _ in range(steps):
        x.requires_grad_()
        d = torch.autograd.grad(model(x)[:, unit].sum(), x)[0]
        x = (x + lr * d / (length(d) + 1e-8)).clamp(0, 1).detach()
    return x
""",
    "keeps_graph": UNIT
    + """
def maximize_unit(model, unit, x0, steps, lr):
    x = x0.clone().requires_grad_()
    for _ in range(steps):
        d = torch.autograd.grad(model(x)[:, unit].sum(), x)[0]
        x = (x + lr * d / (length(d) + 1e-8)).clamp(0, 1)
    return x
""",
    "one_step_more": _ascent(steps="steps + 1"),
    "whole_batch_one_at_once": _ascent("lr * d.mean(0) / (d.mean(0).norm() + 1e-8)"),
}

# ------------------------------------------------------------------------------------------ patches

RIGHT["patch_activation"] = [
    """
import torch

@torch.no_grad()
def patch_activation(model, layer, x_clean, x_corrupt, channels=None):
    module = dict(model.named_modules())[layer]
    store = {}
    handle = module.register_forward_hook(lambda m, i, o: store.update(clean=o.detach().clone()))
    try:
        model(x_clean)
    finally:
        handle.remove()

    def swap(m, i, o):
        if channels is None:
            return store["clean"]
        o = o.clone()
        o[:, channels] = store["clean"][:, channels]
        return o

    handle = module.register_forward_hook(swap)
    try:
        return model(x_corrupt)
    finally:
        handle.remove()
""",
    """
import torch
from contextlib import contextmanager

@contextmanager
def hooked(module, hook):
    handle = module.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()

def patch_activation(model, layer, x_clean, x_corrupt, channels=None):
    module = model.get_submodule(layer)
    saved = []
    def save(module, inputs, output):
        saved.append(output)
    def patch(module, inputs, output):
        clean = saved[0]
        mask = torch.ones(output.shape[1], dtype=torch.bool)
        if channels is not None:
            mask[:] = False
            mask[channels] = True
        return torch.where(mask.view(1, -1, *[1] * (output.dim() - 2)), clean, output)
    with torch.no_grad():
        with hooked(module, save):
            model(x_clean)
        with hooked(module, patch):
            return model(x_corrupt)
""",
    """
import torch

def patch_activation(model, layer, x_clean, x_corrupt, channels=None):
    with torch.no_grad():
        h = x_corrupt
        clean = x_clean
        for name, module in model.named_children():
            h, clean = module(h), module(clean)
            if name == layer:
                h = h.clone()
                if channels is None:
                    h = clean
                else:
                    h[:, channels] = clean[:, channels]
        return h
""",
    """
import torch

def patch_activation(model, layer, x_clean, x_corrupt, channels=None):
    part = getattr(model, layer)
    N = len(x_clean)
    def hook(module, inputs, output):
        keep = slice(None) if channels is None else channels
        output[N:, keep] = output[:N, keep]
    handle = part.register_forward_hook(hook)
    with torch.no_grad():
        out = model(torch.cat([x_clean, x_corrupt]))[N:]
    handle.remove()
    return out
""",
]


def _hooks(
    patch: str,
    save: str = "output.detach().clone()",
    first: str = "x_clean",
    second: str = "x_corrupt",
    end: str = "handle.remove()",
    result: str = "out",
) -> str:
    return f"""
import torch

def patch_activation(model, layer, x_clean, x_corrupt, channels=None):
    module = model.get_submodule(layer)
    stored = {{}}

    def save(module, inputs, output):
        stored["a"] = {save}

    def patch(module, inputs, output):
        output = output.clone()
        a = stored["a"]
{patch}
        return output

    with torch.no_grad():
        handle = module.register_forward_hook(save)
        model({first})
        handle.remove()
        handle = module.register_forward_hook(patch)
        out = model({second})
        {end}
    return {result}
"""


SWAP = """
        if channels is None:
            output = a
        else:
            output[:, channels] = a[:, channels]
"""

WRONG["patch_activation"] = {
    "named_channels_unpatched": _hooks("""
        if channels is None:
            return a
        output[:, channels].copy_(a[:, channels])
"""),
    "hook_left_in_place": _hooks(SWAP, end="pass"),
    "save_hook_still_active": """
import torch

def patch_activation(model, layer, x_clean, x_corrupt, channels=None):
    module = model.get_submodule(layer)
    stored = {}

    def save(module, inputs, output):
        stored["a"] = output.detach().clone()

    def patch(module, inputs, output):
        if channels is None:
            return stored["a"]
        output = output.clone()
        output[:, channels] = stored["a"][:, channels]
        return output

    with torch.no_grad():
        one = module.register_forward_hook(save)
        model(x_clean)
        two = module.register_forward_hook(patch)
        out = model(x_corrupt)
        one.remove()
        two.remove()
    return out
""",
    "patches_corrupt_into_clean": _hooks(SWAP, first="x_corrupt", second="x_clean"),
    "all_channels_always": _hooks("        output = a"),
    "patches_layer_input": _hooks(SWAP, save="inputs[0].detach().clone()"),
    "other_channels_patched": _hooks("""
        if channels is None:
            return a
        rest = [c for c in range(output.shape[1]) if c not in channels.tolist()]
        output[:, rest] = a[:, rest]
"""),
    "other_channels_zero": _hooks("""
        if channels is None:
            return a
        output = torch.zeros_like(output)
        output[:, channels] = a[:, channels]
"""),
    "wrong_axis": _hooks("""
        if channels is None:
            return a
        output[..., channels] = a[..., channels]
"""),
    "probabilities_returned": _hooks(SWAP, result="torch.softmax(out, dim=1)"),
    "pollutes_parameter_grads": _hooks(SWAP).replace(
        "    return out\n",
        "    torch.nn.functional.cross_entropy(model(x_corrupt), out.argmax(1)).backward()\n    return out\n",
    ),
    "changes_input_flag": _hooks(SWAP).replace("    stored = {}\n", "    stored = {}\n    x_clean.requires_grad_()\n"),
    "keeps_graph": _hooks(SWAP).replace("with torch.no_grad():", "if True:"),
    "scales_only": _hooks("        output = (output + a) / 2"),
    "returns_none_from_hook": _hooks(SWAP).replace("        return output\n\n    with", "\n    with"),
}

# ------------------------------------------------------------------------------------------ a shortcut


def _network(
    prepare: str = "",
    layers: str = "nn.Flatten(), nn.Linear(100, 64), nn.ReLU(), nn.Linear(64, 10)",
    optimizer: str = "torch.optim.Adam(net.parameters(), lr=0.01)",
    epochs: int = 30,
) -> str:
    return f"""
import torch
from torch import nn

def train_without_shortcut(images, labels, seed=0):
    torch.manual_seed(seed)
    net = nn.Sequential({layers})
    optimizer = {optimizer}
    for epoch in range({epochs}):
        for batch in torch.randperm(len(images)).split(60):
            x, y = images[batch].clone(), labels[batch]
{prepare}
            loss = nn.functional.cross_entropy(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return net.eval()
"""


NOISY = "            x = x + 0.3 * torch.randn_like(x)\n"

RIGHT["train_without_shortcut"] = [
    _network(
        "            x[:, :, 0] = x[torch.randperm(len(x)), :, 0]\n"
        + NOISY.replace("x = x", "x[:, :, 2:] = x[:, :, 2:]").replace("randn_like(x)", "randn_like(x[:, :, 2:])")
    ),
    """
import torch
from torch import nn

class Masked(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 12, 3)
        self.out = nn.Linear(12 * 3 * 4, 10)
        self.drop = nn.Dropout(0.3)

    def forward(self, images):
        h = torch.relu(self.conv(images[:, :, 2:]))
        h = nn.functional.max_pool2d(h, 2)
        return self.out(self.drop(h.flatten(1)))

def train_without_shortcut(images, labels, seed=0):
    torch.manual_seed(seed)
    net = Masked()
    opt = torch.optim.AdamW(net.parameters(), lr=0.01, weight_decay=0.1)
    for epoch in range(25):
        order = torch.randperm(len(images))
        for i in range(0, len(images), 50):
            idx = order[i:i + 50]
            opt.zero_grad()
            nn.functional.cross_entropy(net(images[idx]), labels[idx]).backward()
            opt.step()
    net.eval()
    return net
""",
    """
import torch

def train_without_shortcut(images, labels, seed=0):
    X = images[:, 0, 2:].reshape(len(images), -1)
    rng = torch.Generator().manual_seed(seed)
    R = torch.randn(80, 1500, generator=rng) / 4
    c = torch.randn(1500, generator=rng)
    H = torch.relu(X @ R + c)
    Y = torch.nn.functional.one_hot(labels, 10).float()
    W = H.T @ torch.linalg.solve(H @ H.T + 300 * torch.eye(len(X)), Y)

    class Ridge(torch.nn.Module):
        def forward(self, images):
            return torch.relu(images[:, 0, 2:].flatten(1) @ R + c) @ W

    return Ridge()
""",
]

WRONG["train_without_shortcut"] = {
    "plain_training": _network(),
    "weight_decay_only": _network(optimizer="torch.optim.AdamW(net.parameters(), lr=0.01, weight_decay=0.3)"),
    "noise_only": _network(NOISY),
    "dropout_only": _network(layers="nn.Flatten(), nn.Linear(100, 64), nn.ReLU(), nn.Dropout(0.4), nn.Linear(64, 10)"),
    "hides_wrong_border": _network("            x[:, :, -1] = 0\n"),
    "reads_too_poorly": _network(
        "            x[:, :, 0] = 0\n", optimizer="torch.optim.SGD(net.parameters(), lr=0.1)", epochs=6
    ),
    "untrained": """
import torch

def train_without_shortcut(images, labels, seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(100, 10))
""",
    "a_function": """
import torch

def train_without_shortcut(images, labels, seed=0):
    return lambda images: torch.zeros(len(images), 10)
""",
    "labels_returned": """
import torch

def train_without_shortcut(images, labels, seed=0):
    class Reads(torch.nn.Module):
        def forward(self, images):
            return images[:, 0, 0].argmax(1)
    return Reads()
""",
}
