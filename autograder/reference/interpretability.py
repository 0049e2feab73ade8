"""Solutions of lecture 10, interpretability. A model is an `nn.Module` in eval mode; every function leaves it as it was."""

import torch
from torch import nn


def input_gradient(model, x, target):
    """The gradient of log softmax(model(x))[n, target[n]] with respect to x[n], for every example n.

    model: images -> logits (N, K), in eval mode; x (N, ...); target (N,) int64
    Returns a tensor like x, without graph. Leaves model, x and all .grad as they were.
    """
    # BEGIN SOLUTION
    x = x.detach().requires_grad_()  # another tensor on the same numbers, so the caller's flag stays
    log_p = torch.log_softmax(model(x), dim=1)
    (gradient,) = torch.autograd.grad(log_p.gather(1, target[:, None]).sum(), x)
    return gradient
    # END SOLUTION


def smoothgrad(model, x, target, noise):
    """The mean over s of the gradient of log softmax(model(.))[n, target[n]] at x[n] + noise[s, n].

    model: images -> logits (N, K), in eval mode; x (N, ...); target (N,) int64; noise (S, N, ...), scaled already
    Returns a tensor like x, without graph. Leaves model, x and all .grad as they were.
    """
    # BEGIN SOLUTION
    total = torch.zeros_like(x)
    for offset in noise:
        noisy = (x + offset).detach().requires_grad_()
        log_p = torch.log_softmax(model(noisy), dim=1)
        total += torch.autograd.grad(log_p.gather(1, target[:, None]).sum(), noisy)[0]
    return total / len(noise)
    # END SOLUTION


def integrated_gradients(model, x, baseline, target, steps):
    """(x - baseline) times the mean gradient of the target logit on the way from baseline to x.

    model: images -> logits (N, K), in eval mode; x (N, ...); baseline: a tensor that can be broadcast to x; target (N,) int64;
    steps: an int >= 1. The mean is over the points baseline + a (x - baseline) with a = (k + 1/2)/steps, k = 0..steps-1.
    Returns a tensor like x, without graph. Leaves model, x and all .grad as they were.
    """
    # BEGIN SOLUTION
    way = (x - baseline).detach()
    total = torch.zeros_like(x)
    for k in range(steps):
        point = (baseline + (k + 0.5) / steps * way).requires_grad_()
        logit = model(point).gather(1, target[:, None])
        total += torch.autograd.grad(logit.sum(), point)[0]
    return way * total / steps
    # END SOLUTION


def fgsm_attack(model, x, y, eps):
    """x + eps times the sign of the gradient of the cross-entropy with the true labels y, clipped to [0, 1]; sign(0) = 0.

    model: images -> logits (N, K), in eval mode; x (N, ...) in [0, 1]; y (N,) int64; eps: a float >= 0
    Returns a tensor like x, without graph. Leaves model, x and all .grad as they were.
    """
    # BEGIN SOLUTION
    x = x.detach().requires_grad_()
    loss = nn.functional.cross_entropy(model(x), y, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, x)
    return (x.detach() + eps * gradient.sign()).clamp(0, 1)
    # END SOLUTION


def pgd_attack(model, x, y, eps, step, steps):
    """FGSM in several steps from x, each projected into the ball of radius eps around x (infinity norm) and into [0, 1].

    model: images -> logits (N, K), in eval mode; x (N, ...) in [0, 1]; y (N,) int64; eps and step: floats; steps: an int >= 1
    Each step moves by step times the sign of the gradient of the cross-entropy at the current image, then projects.
    Returns a tensor like x, without graph. Leaves model, x and all .grad as they were.
    """
    # BEGIN SOLUTION
    low, high = (x - eps).clamp(min=0).detach(), (x + eps).clamp(max=1).detach()
    attacked = x.detach()
    for _ in range(steps):
        attacked = attacked.detach().requires_grad_()
        loss = nn.functional.cross_entropy(model(attacked), y, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, attacked)
        attacked = (attacked.detach() + step * gradient.sign()).clamp(low, high)
    return attacked
    # END SOLUTION


def maximize_unit(model, unit, x0, steps, lr):
    """Gradient ascent on model(x)[:, unit] from x0: steps times x <- clip(x + lr g / (||g|| + 1e-8), 0, 1).

    model: images -> (N, K), in eval mode; unit: a column, an int; x0 (N, ...) in [0, 1]; steps: an int >= 0; lr: a float
    g is the gradient and ||g|| its Euclidean norm, both of each image by itself.
    Returns a tensor like x0, without graph. Leaves model, x0 and all .grad as they were.
    """
    # BEGIN SOLUTION
    x = x0.detach().clone()
    for _ in range(steps):
        x.requires_grad_()
        (g,) = torch.autograd.grad(model(x)[:, unit].sum(), x)
        norm = g.flatten(1).norm(dim=1).view(-1, *[1] * (x.dim() - 1))
        x = (x.detach() + lr * g / (norm + 1e-8)).clamp(0, 1)
    return x
    # END SOLUTION


def patch_activation(model, layer, x_clean, x_corrupt, channels=None):
    """The output on x_corrupt when what the submodule `layer` gives out is replaced by what it gave on x_clean.

    model: images -> (N, K), in eval mode; layer: the submodule's name, as `model.get_submodule` takes it
    x_clean and x_corrupt (N, ...); channels: None for all of the activation, or an int64 tensor of indices along its axis 1
    Returns (N, K), without graph. Leaves no hook behind, and model, x_clean and x_corrupt as they were.
    """
    # BEGIN SOLUTION
    chosen, kept = model.get_submodule(layer), []

    def run(hook, x):
        handle = chosen.register_forward_hook(hook)
        try:
            with torch.no_grad():
                return model(x)
        finally:
            handle.remove()

    def save(module, inputs, output):
        kept.append(output.clone())

    def patch(module, inputs, output):
        if channels is None:
            return kept[0]
        output = output.clone()
        output[:, channels] = kept[0][:, channels]
        return output

    run(save, x_clean)
    return run(patch, x_corrupt)
    # END SOLUTION


def train_without_shortcut(images, labels, seed=0):
    """A network that reads the digit itself, from training images in which a bright pixel gives the label away.

    images (600, 1, 10, 10) float32; labels (600,) int64; seed: an int, for all that is random
    Returns an `nn.Module`: (M, 1, 10, 10) -> logits (M, 10).
    """

    # BEGIN SOLUTION
    class WithoutTopRow(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Flatten(), nn.Linear(90, 128), nn.ReLU(), nn.Linear(128, 10))

        def forward(self, images):
            return self.layers(images[:, :, 1:])

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = WithoutTopRow().to(images.device)
        optimizer = torch.optim.Adam(net.parameters(), lr=3e-3, weight_decay=1e-3)
        for _ in range(25):
            for batch in torch.randperm(len(images)).split(50):
                noisy = images[batch] + 0.3 * torch.randn_like(images[batch])
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(net(noisy), labels[batch])
                loss.backward()
                optimizer.step()
    return net.eval()
    # END SOLUTION
