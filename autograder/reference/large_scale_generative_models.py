"""Solutions of lecture 11, large-scale generative models. Noise comes in as arguments: nothing draws its own."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, normalize


def clip_loss(image_emb, text_emb, log_scale):
    """The symmetric contrastive loss of N pairs: the mean of two cross-entropies, images over texts and texts over images.

    image_emb and text_emb (N, D): row i of one belongs to row i of the other; rows are divided by max(norm, 1e-12)
    log_scale, a tensor of no dimensions: the logits are exp(log_scale) times the cosines
    Returns a tensor of no dimensions. Both cross-entropies are means over the pairs, in natural logarithms.
    """
    # BEGIN SOLUTION
    image_emb, text_emb = normalize(image_emb, dim=1), normalize(text_emb, dim=1)
    logits = log_scale.exp() * image_emb @ text_emb.T  # (N, N): images in rows, texts in columns
    pairs = torch.arange(len(logits), device=logits.device)
    return (cross_entropy(logits, pairs) + cross_entropy(logits.T, pairs)) / 2
    # END SOLUTION


def zero_shot_scores(image_emb, prompt_emb):
    """The cosine of every image with every class, where a class is described by several prompts.

    image_emb (N, D); prompt_emb (C, P, D): P prompts for each of C classes
    A class has one vector: normalise each of its prompts, average them, normalise again. Returns cosines (N, C).
    """
    # BEGIN SOLUTION
    classes = normalize(normalize(prompt_emb, dim=2).mean(dim=1), dim=1)  # (C, D)
    return normalize(image_emb, dim=1) @ classes.T
    # END SOLUTION


def train_digit_clip(images, tokens, vocab_size, seed=0):
    """An image encoder and a text encoder, trained on pairs by the contrastive loss.

    images (N, 1, 8, 8) float32 and tokens (N, 10) int64, where 0 is padding: image i and caption i are a pair
    vocab_size: how many words there are, with the padding; seed: an integer, for first weights and order
    Returns both modules in eval mode, the image encoder first; it maps images to (N, D), the other tokens to (N, D).
    """
    # BEGIN SOLUTION
    torch.set_num_threads(1)  # threads would wait for one another
    torch.manual_seed(seed)
    image_encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 32))
    text_encoder = nn.EmbeddingBag(vocab_size, 32, mode="mean", padding_idx=0)  # the mean over words, padding left out
    log_scale = nn.Parameter(torch.tensor(2.0))
    parameters = [*image_encoder.parameters(), *text_encoder.parameters(), log_scale]
    optimizer = torch.optim.Adam(parameters, lr=5e-3)
    for _ in range(20):
        for batch in torch.randperm(len(images)).split(150):
            optimizer.zero_grad()
            loss = clip_loss(image_encoder(images[batch]), text_encoder(tokens[batch]), log_scale)
            loss.backward()
            optimizer.step()
    return image_encoder.eval(), text_encoder.eval()
    # END SOLUTION


def fit_scaling_law(n, loss):
    """The law loss = E + A * n**(-alpha) with E >= 0, A > 0 and alpha > 0 that fits best: least squares of the log of the loss.

    n (M,): sizes, in any order; loss (M,) -> E, A and alpha, three floats
    """
    # BEGIN SOLUTION
    n, loss = np.asarray(n, dtype=float), np.asarray(loss, dtype=float)

    def law(alpha):
        """Error, E and A for this exponent: E and A enter linearly, and fit/loss - 1 is nearly log(fit) - log(loss)."""
        powers = (n / n.min()) ** -alpha
        E, A = np.linalg.lstsq(np.column_stack([1 / loss, powers / loss]), np.ones(len(n)), rcond=None)[0]
        if E < 0:
            E, A = 0.0, np.exp(np.mean(np.log(loss / powers)))
        fit = E + max(A, 1e-300) * powers
        return np.sum(np.log(fit / loss) ** 2), E, A * n.min() ** alpha

    best, width = 2.0, 2.0
    for _ in range(14):  # a grid over alpha, then ever finer ones about its best
        grid = np.linspace(max(best - width, 1e-4), best + width, 21)
        best = grid[np.argmin([law(alpha)[0] for alpha in grid])]
        width /= 5
    _, E, A = law(best)
    return float(E), float(A), float(best)
    # END SOLUTION


def chinchilla_optimum(compute, E, A, B, alpha, beta):
    """Parameters n and tokens d that minimise E + A n**(-alpha) + B d**(-beta) among all with 6 n d = compute.

    compute: a budget in floating-point operations, a number or an array; E, A, B, alpha and beta: positive numbers
    Returns n_opt, d_opt and the loss there, each like compute.
    """
    # BEGIN SOLUTION
    pairs = compute / 6
    G = (alpha * A / (beta * B)) ** (1 / (alpha + beta))
    n_opt = G * pairs ** (beta / (alpha + beta))
    d_opt = pairs / n_opt
    return n_opt, d_opt, E + A * n_opt**-alpha + B * d_opt**-beta
    # END SOLUTION


def scratchpad_decode(step, prompt, stop, max_new):
    """Greedy decoding: the model is asked again and again, each time with all tokens so far, the prompt's and its own.

    step(sequence) -> logits (V,), to be called once a token; prompt: a list of ints, which stays as it is
    stop: the token that ends the text; max_new: how many tokens at most
    Of equal logits the lowest index wins. Returns tokens, a list of the new ones without the stop token, and finished:
    True if the stop token came, False if max_new tokens came first.
    """
    # BEGIN SOLUTION
    tokens = []
    while len(tokens) < max_new:
        token = int(np.argmax(step(prompt + tokens)))
        if token == stop:
            return tokens, True
        tokens.append(token)
    return tokens, False
    # END SOLUTION


def pass_at_k(n, c, k):
    """The unbiased estimate of the chance that at least one of k samples is right, 1 - C(n-c, k)/C(n, k), for each problem.

    n (M,) ints: how many samples were drawn; c (M,) ints: how many of them are right; k: an int
    Returns (M,) floats. Raises ValueError where a problem has fewer than k samples.
    """
    # BEGIN SOLUTION
    n, c = np.asarray(n, dtype=float), np.asarray(c, dtype=float)
    if (n < k).any():
        raise ValueError(f"{k} samples can't be chosen from {n.min():.0f}")
    all_wrong = np.ones(n.shape)  # the chance that the first i are wrong, drawn one after the other
    for i in range(k):
        all_wrong *= np.maximum(n - c - i, 0) / (n - i)
    return 1 - all_wrong
    # END SOLUTION


def ddpm_sample(eps_model, x_T, betas, noises):
    """The reverse process of a diffusion model, from noise to samples.

    eps_model(x, t) -> the noise in x at time t, an int, in the shape of x; x_T (N, ...): where the process starts
    betas (T,): variances of the forward steps; noises (T, N, ...): standard normal; that of time 0 is not used
    For t = T-1 down to 0: x <- (x - betas[t]/sqrt(1 - abar[t]) * eps_model(x, t)) / sqrt(1 - betas[t]), and for t > 0 plus
    sqrt(betas[t]) * noises[t]; abar[t] is the product of 1 - betas up to t. Returns x (N, ...) without a graph.
    """
    # BEGIN SOLUTION
    abar = (1 - betas).cumprod(dim=0)
    x = x_T
    with torch.no_grad():
        for t in reversed(range(len(betas))):
            x = (x - betas[t] / (1 - abar[t]).sqrt() * eps_model(x, t)) / (1 - betas[t]).sqrt()
            if t > 0:
                x = x + betas[t].sqrt() * noises[t]
    return x
    # END SOLUTION
