"""Answers to lecture 09 as students write them, right and wrong, in the form that `autograder audit` reads."""

RIGHT = {}
WRONG = {}


def changed(program: str, *edits: tuple[str, str]) -> str:
    """The program with each first string replaced by the second, which must change it."""
    for old, new in edits:
        if old not in program:
            raise ValueError(f"{old!r} is not in the program")
        program = program.replace(old, new)
    return program


# ------------------------------------------------------------------------------------------ output size

SIZE = """
def conv_output_size(n, kernel, stride=1, padding=0, dilation=1):
    span = dilation * (kernel - 1) + 1
    total = n + 2 * padding
    if span > total:
        raise ValueError("kernel too long")
    return (total - span) // stride + 1
"""

RIGHT["conv_output_size"] = [
    SIZE,
    """
def conv_output_size(n, kernel, stride=1, padding=0, dilation=1):
    count = 0
    start = -padding
    while start + dilation * (kernel - 1) < n + padding:
        count += 1
        start += stride
    if not count:
        raise ValueError(f"a kernel of {kernel} does not fit")
    return count
""",
    """
def conv_output_size(n, kernel, stride=1, padding=0, dilation=1):
    last = n + 2 * padding - dilation * (kernel - 1)
    positions = len(range(0, last, stride))
    if positions == 0:
        raise ValueError
    return positions
""",
    """
import math

def conv_output_size(n, kernel, stride=1, padding=0, dilation=1):
    moves = (n + 2 * padding - dilation * (kernel - 1) - 1) / stride
    if moves < 0:
        raise ValueError("no room")
    return math.floor(moves + 1)
""",
    """
import torch

def conv_output_size(n, kernel, stride=1, padding=0, dilation=1):
    try:
        out = torch.nn.functional.conv1d(torch.zeros(1, 1, n), torch.zeros(1, 1, kernel), None, stride, padding, dilation)
    except RuntimeError as error:
        raise ValueError("the kernel does not fit") from error
    return out.shape[-1]
""",
]

WRONG["conv_output_size"] = {
    "no_floor": changed(SIZE, ("//", "/")),
    "rounds_up": changed(SIZE, ("(total - span) // stride + 1", "int(np.ceil((total - span) / stride)) + 1")),
    "rounds_to_nearest": changed(SIZE, ("(total - span) // stride + 1", "int(round((total - span) / stride)) + 1")),
    "float_returned": changed(SIZE, ("(total - span) // stride + 1", "np.floor((total - span) / stride) + 1")),
    "first_position_forgotten": changed(SIZE, ("stride + 1", "stride")),
    "pads_one_side": changed(SIZE, ("2 * padding", "padding")),
    "no_padding": changed(SIZE, (" + 2 * padding", "")),
    "dilation_times_kernel": changed(SIZE, ("dilation * (kernel - 1) + 1", "dilation * kernel")),
    "dilation_ignored": changed(SIZE, ("dilation * (kernel - 1) + 1", "kernel")),
    "last_tap_forgotten": changed(SIZE, ("dilation * (kernel - 1) + 1", "dilation * (kernel - 1)")),
    "no_error": changed(SIZE, ("        raise ValueError", "        print")),
    "none: the stride twice": changed(SIZE, ("// stride", "// stride // stride")),
    "none: the formula is printed": changed(
        SIZE, ("return (total - span) // stride + 1", "print((total - span) // stride + 1)")
    ),
}

# ------------------------------------------------------------------------------------------ cost of a layer

COST = """
def conv_layer_cost(height, width, in_channels, out_channels, kernel, stride=1, padding=0, bias=True):
    h_out = (height + 2 * padding - kernel) // stride + 1
    w_out = (width + 2 * padding - kernel) // stride + 1
    units = out_channels * h_out * w_out
    weights = kernel ** 2 * in_channels * out_channels
    connections = units * kernel ** 2 * in_channels
    if bias:
        weights += out_channels
        connections += units
    return {"units": units, "weights": weights, "connections": connections}
"""

RIGHT["conv_layer_cost"] = [
    COST,
    """
def conv_layer_cost(height, width, in_channels, out_channels, kernel, stride=1, padding=0, bias=True):
    fan_in = kernel * kernel * in_channels + (1 if bias else 0)
    places = 1
    for side in (height, width):
        places *= len(range(0, side + 2 * padding - kernel + 1, stride))
    return dict(units=places * out_channels, weights=fan_in * out_channels, connections=places * out_channels * fan_in)
""",
    """
import torch

def conv_layer_cost(height, width, in_channels, out_channels, kernel, stride=1, padding=0, bias=True):
    layer = torch.nn.Conv2d(in_channels, out_channels, kernel, stride, padding, bias=bias, device="meta")
    units = layer(torch.zeros(1, in_channels, height, width, device="meta")).numel()
    weights = sum(p.numel() for p in layer.parameters())
    return {"weights": weights, "units": units, "connections": weights // out_channels * units}
""",
]

WRONG["conv_layer_cost"] = {
    "connections_one_filter": changed(
        COST,
        ("connections = units * kernel ** 2", "connections = h_out * w_out * kernel ** 2"),
        ("+= units", "+= h_out * w_out"),
    ),
    "bias_per_unit": changed(COST, ("weights += out_channels", "weights += units")),
    "input_size_for_output": changed(
        COST,
        ("(height + 2 * padding - kernel) // stride + 1", "height"),
        ("(width + 2 * padding - kernel) // stride + 1", "width"),
    ),
    "weights_per_position": changed(
        COST, ("weights = kernel", "weights = h_out * w_out * kernel"), ("weights += out_channels", "weights += units")
    ),
    "forgets_in_channels": changed(COST, (" * in_channels", "")),
    "units_of_one_map": changed(COST, ('"units": units', '"units": h_out * w_out')),
    "bias_not_connected": changed(COST, ("        connections += units\n", "")),
    "one_bias_in_connections": changed(COST, ("connections += units", "connections += out_channels")),
    "bias_always": changed(COST, ("if bias:", "if True:")),
    "bias_never": changed(COST, ("if bias:", "if False:")),
    "rounds_up": changed(COST, ("- kernel) // stride + 1", "- kernel + stride - 1) // stride + 1")),
    "pads_one_side": changed(COST, ("2 * padding", "padding")),
    "one_side_for_both": changed(COST, ("width + 2", "height + 2")),
    "depthwise": changed(COST, ('"units": units', '"units": units * in_channels')),
    "none: a tuple in place of the dict": changed(
        COST, ('{"units": units, "weights": weights, "connections": connections}', "units, weights, connections")
    ),
}

# ------------------------------------------------------------------------------------------ full convolution

FULL = """
def convolve_full(a, b):
    H1, W1 = a.shape
    H2, W2 = b.shape
    out = np.zeros((H1 + H2 - 1, W1 + W2 - 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            for s in range(H1):
                for t in range(W1):
                    if 0 <= i - s < H2 and 0 <= j - t < W2:
                        out[i, j] += a[s, t] * b[i - s, j - t]
    return out
"""

WINDOWS = """
def convolve_full(a, b):
    kh, kw = b.shape
    padded = np.pad(a, ((kh - 1, kh - 1), (kw - 1, kw - 1)))
    kernel = b[::-1, ::-1]
    out = np.zeros((a.shape[0] + kh - 1, a.shape[1] + kw - 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.sum(padded[i:i + kh, j:j + kw] * kernel)
    return out
"""

RIGHT["convolve_full"] = [
    FULL,
    WINDOWS,
    """
def convolve_full(a, b):
    shape = (a.shape[0] + b.shape[0] - 1, a.shape[1] + b.shape[1] - 1)
    return np.real(np.fft.ifft2(np.fft.fft2(a, shape) * np.fft.fft2(b, shape)))
""",
    """
from scipy.signal import convolve2d

def convolve_full(a, b):
    return convolve2d(a, b)
""",
    """
def convolve_full(a, b):
    out = np.zeros(np.array(a.shape) + b.shape - 1)
    for s in range(a.shape[0]):
        for t in range(a.shape[1]):
            out[s:s + b.shape[0], t:t + b.shape[1]] += a[s, t] * b
    return out
""",
    """
def convolve_full(a, b):
    kh, kw = b.shape
    padded = np.pad(a.astype(float), ((kh - 1,) * 2, (kw - 1,) * 2))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kh, kw))
    return np.einsum("ijst,st->ij", windows, np.flip(b))
""",
]

WRONG["convolve_full"] = {
    "no_flip": changed(WINDOWS, ("b[::-1, ::-1]", "b")),
    "flips_one_axis": changed(WINDOWS, ("b[::-1, ::-1]", "b[::-1]")),
    "flips_columns_only": changed(WINDOWS, ("b[::-1, ::-1]", "b[:, ::-1]")),
    "valid_only": """
def convolve_full(a, b):
    kh, kw = b.shape
    out = np.zeros((a.shape[0] - kh + 1, a.shape[1] - kw + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = (a[i:i + kh, j:j + kw] * b[::-1, ::-1]).sum()
    return out
""",
    "same_size": """
from scipy.signal import convolve2d

def convolve_full(a, b):
    return convolve2d(a, b, mode="same")
""",
    "wraps_around": """
def convolve_full(a, b):
    return np.fft.ifft2(np.fft.fft2(a) * np.fft.fft2(b, s=a.shape)).real
""",
    "whole_numbers_kept": changed(WINDOWS, ("a.shape[1] + kw - 1))", "a.shape[1] + kw - 1), dtype=a.dtype)")),
    "none: element by element": """
def convolve_full(a, b):
    out = np.zeros((a.shape[0] + b.shape[0] - 1, a.shape[1] + b.shape[1] - 1))
    out[:a.shape[0], :a.shape[1]] = a
    out[:b.shape[0], :b.shape[1]] *= b
    return out
""",
}

# ------------------------------------------------------------------------------------------ forward

FORWARD = """
def conv2d_forward(x, w, b, stride=1, padding=0):
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    Ho = (H + 2 * padding - kh) // stride + 1
    Wo = (W + 2 * padding - kw) // stride + 1
    out = np.zeros((N, F, Ho, Wo), dtype=x.dtype)
    for n in range(N):
        for f in range(F):
            for i in range(Ho):
                for j in range(Wo):
                    patch = xp[n, :, i * stride:i * stride + kh, j * stride:j * stride + kw]
                    out[n, f, i, j] = np.sum(patch * w[f]) + b[f]
    return out
"""

RIGHT["conv2d_forward"] = [
    FORWARD,
    """
def conv2d_forward(x, w, b, stride=1, padding=0):
    p = padding
    x = np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)])
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("nchwij,fcij->nfhw", windows, w) + b.reshape(1, -1, 1, 1)
""",
    """
def conv2d_forward(x, w, b, stride=1, padding=0):
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    padded = np.zeros((N, C, H + 2 * padding, W + 2 * padding), x.dtype)
    padded[:, :, padding:padding + H, padding:padding + W] = x
    Ho, Wo = (H + 2 * padding - kh) // stride + 1, (W + 2 * padding - kw) // stride + 1
    columns = np.empty((N, Ho * Wo, C * kh * kw), x.dtype)
    for i in range(Ho):
        for j in range(Wo):
            columns[:, i * Wo + j] = padded[:, :, i*stride:i*stride+kh, j*stride:j*stride+kw].reshape(N, -1)
    out = columns @ w.reshape(F, -1).T + b
    return out.transpose(0, 2, 1).reshape(N, F, Ho, Wo)
""",
    """
import torch

def conv2d_forward(x, w, b, stride=1, padding=0):
    parts = [torch.tensor(part) for part in (x, w, b)]
    return torch.nn.functional.conv2d(*parts, stride=stride, padding=padding).numpy()
""",
    """
def conv2d_forward(x, w, b, stride=1, padding=0):
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    out = []
    for n in range(N):
        maps = []
        for f in range(F):
            rows = []
            for top in range(-padding, H + padding - kh + 1, stride):
                row = []
                for left in range(-padding, W + padding - kw + 1, stride):
                    total = b[f]
                    for c in range(C):
                        for i in range(kh):
                            for j in range(kw):
                                if 0 <= top + i < H and 0 <= left + j < W:
                                    total += x[n, c, top + i, left + j] * w[f, c, i, j]
                    row.append(total)
                rows.append(row)
            maps.append(rows)
        out.append(maps)
    return np.array(out, dtype=x.dtype)
""",
]

WRONG["conv2d_forward"] = {
    "flips_kernel": changed(FORWARD, ("patch * w[f]", "patch * w[f, :, ::-1, ::-1]")),
    "bias_forgotten": changed(FORWARD, (" + b[f]", "")),
    "bias_per_tap": changed(FORWARD, ("np.sum(patch * w[f]) + b[f]", "np.sum(patch * w[f] + b[f])")),
    "stride_not_used_for_index": changed(
        FORWARD, ("i * stride:i * stride + kh, j * stride:j * stride + kw", "i:i + kh, j:j + kw")
    ),
    "stride_ignored": changed(
        FORWARD, (" // stride", ""), ("i * stride:i * stride + kh, j * stride:j * stride + kw", "i:i + kh, j:j + kw")
    ),
    "padding_ignored": changed(FORWARD, ("    N, C, H", "    padding = 0\n    N, C, H")),
    "first_position_forgotten": changed(FORWARD, (" // stride + 1", " // stride")),
    "rounds_too_early": changed(
        FORWARD,
        ("2 * padding - kh) // stride + 1", "2 * padding - kh + 1) // stride"),
        ("- kw) // stride + 1", "- kw + 1) // stride"),
    ),
    "pads_one_side": """
def conv2d_forward(x, w, b, stride=1, padding=0):
    x = np.pad(x, ((0, 0), (0, 0), (0, padding), (0, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("nchwij,fcij->nfhw", windows, w) + b[:, None, None]
""",
    "kernel_sides_swapped": changed(FORWARD, ("F, _, kh, kw", "F, _, kw, kh")),
    "bias_on_wrong_axis": changed(FORWARD, (" + b[f]", ""), ("return out", "return out + b")),
    "channels_averaged": changed(FORWARD, ("np.sum(patch * w[f])", "np.mean(np.sum(patch * w[f], axis=(1, 2)))")),
    "first_channel_only": changed(FORWARD, ("np.sum(patch * w[f])", "np.sum(patch[0] * w[f, 0])")),
    "last_channel_wins": changed(
        FORWARD,
        ("np.sum(patch * w[f]) + b[f]", "0"),
        (
            "= 0\n",
            "= b[f]\n                    for c in range(C):\n                        out[n, f, i, j] = np.sum(patch[c] * w[f, c]) + b[f]\n",
        ),
    ),
    "dtype_lost": changed(FORWARD, (", dtype=x.dtype", "")),
    "none: channels kept apart": changed(FORWARD, ("np.sum(patch * w[f])", "np.sum(patch.sum(axis=0) * w[f])")),
    "none: a ReLU behind it": changed(FORWARD, ("return out", "return np.maximum(out, 0)")),
}

# ------------------------------------------------------------------------------------------ backward

BACKWARD = """
def conv2d_backward(dout, x, w, stride=1, padding=0):
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    _, _, Ho, Wo = dout.shape
    xp = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dxp = np.zeros(xp.shape)
    dw = np.zeros(w.shape)
    db = dout.sum(axis=(0, 2, 3))
    for i in range(Ho):
        for j in range(Wo):
            r, c = i * stride, j * stride
            for f in range(F):
                g = dout[:, f, i, j][:, None, None, None]
                dw[f] += (g * xp[:, :, r:r + kh, c:c + kw]).sum(axis=0)
                dxp[:, :, r:r + kh, c:c + kw] += g * w[f]
    return dxp[:, :, padding:padding + H, padding:padding + W], dw, db
"""

RIGHT["conv2d_backward"] = [
    BACKWARD,
    """
def conv2d_backward(dout, x, w, stride=1, padding=0):
    p, s = padding, stride
    _, _, kh, kw = w.shape
    _, _, Ho, Wo = dout.shape
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    for i in range(kh):
        for j in range(kw):
            rows, cols = slice(i, i + s * (Ho - 1) + 1, s), slice(j, j + s * (Wo - 1) + 1, s)
            dw[:, :, i, j] = np.tensordot(dout, xp[:, :, rows, cols], ([0, 2, 3], [0, 2, 3]))
            dxp[:, :, rows, cols] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    return dxp[:, :, p:-p, p:-p] if p else dxp, dw, dout.sum((0, 2, 3))
""",
    """
import torch

def conv2d_backward(dout, x, w, stride=1, padding=0):
    b = torch.zeros(len(w), dtype=torch.float64, requires_grad=True)
    X, W = (torch.tensor(np.array(a, dtype=np.float64), requires_grad=True) for a in (x, w))
    out = torch.nn.functional.conv2d(X, W, b, stride, padding)
    out.backward(torch.tensor(np.array(dout, dtype=np.float64)))
    return X.grad.numpy(), W.grad.numpy(), b.grad.numpy()
""",
    """
def conv2d_backward(dout, x, w, stride=1, padding=0):
    # im2col and back
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    _, _, Ho, Wo = dout.shape
    index = np.arange((H + 2 * padding) * (W + 2 * padding)).reshape(H + 2 * padding, W + 2 * padding)
    look = np.array([index[i*stride:i*stride+kh, j*stride:j*stride+kw].ravel() for i in range(Ho) for j in range(Wo)])
    flat = np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2)).reshape(N, C, -1)
    cols = flat[:, :, look]                                     # N, C, positions, taps
    g = dout.reshape(N, F, -1)
    dw = np.einsum("nfp,ncpk->fck", g, cols).reshape(w.shape)
    dcols = np.einsum("nfp,fck->ncpk", g, w.reshape(F, C, -1))
    dflat = np.zeros((N, C, index.size))
    for n in range(N):
        for c in range(C):
            np.add.at(dflat[n, c], look, dcols[n, c])
    dx = dflat.reshape(N, C, H + 2 * padding, W + 2 * padding)[:, :, padding:padding + H, padding:padding + W]
    return dx, dw, g.sum(axis=(0, 2))
""",
]

WRONG["conv2d_backward"] = {
    "overwrites_overlaps": """
def conv2d_backward(dout, x, w, stride=1, padding=0):
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    _, _, Ho, Wo = dout.shape
    p = padding
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    dxp = np.zeros(xp.shape)
    dw = np.zeros(w.shape)
    for n in range(N):
        for i in range(Ho):
            for j in range(Wo):
                r, c = i * stride, j * stride
                g = dout[n, :, i, j]
                dw += g[:, None, None, None] * xp[n, :, r:r + kh, c:c + kw]
                dxp[n, :, r:r + kh, c:c + kw] = np.tensordot(g, w, 1)
    return dxp[:, :, p:p + H, p:p + W], dw, dout.sum(axis=(0, 2, 3))
""",
    "keeps_padding": changed(BACKWARD, ("dxp[:, :, padding:padding + H, padding:padding + W]", "dxp")),
    "crops_wrong_corner": changed(BACKWARD, ("padding:padding + H, padding:padding + W", ":H, :W")),
    "averages_batch": changed(BACKWARD, ("    return dxp", "    dw, db = dw / N, db / N\n    return dxp")),
    "averages_positions": changed(BACKWARD, ("dout.sum(axis=(0, 2, 3))", "dout.mean(axis=(0, 2, 3))")),
    "bias_not_summed_over_space": changed(BACKWARD, ("dout.sum(axis=(0, 2, 3))", "dout.sum(axis=0)")),
    "bias_not_summed_over_images": changed(BACKWARD, ("dout.sum(axis=(0, 2, 3))", "dout.sum(axis=(2, 3))")),
    "none: bias summed over everything": changed(BACKWARD, ("dout.sum(axis=(0, 2, 3))", "np.sum(dout)")),
    "weights_overwritten": changed(BACKWARD, ("dw[f] +=", "dw[f] =")),
    "stride_ignored": changed(BACKWARD, ("i * stride, j * stride", "i, j")),
    "negative_crop": changed(
        BACKWARD, ("padding:padding + H, padding:padding + W", "padding:-padding, padding:-padding")
    ),
    "kernel_flipped_in_dx": changed(BACKWARD, ("g * w[f]", "g * w[f, :, ::-1, ::-1]")),
    "patches_without_padding": changed(
        BACKWARD,
        (
            "dw[f] += (g * xp[:, :, r:r + kh, c:c + kw]).sum(axis=0)",
            "dw[f] += (g * shifted[:, :, r:r + kh, c:c + kw]).sum(axis=0)",
        ),
        ("    dxp = np.zeros", "    shifted = np.zeros(xp.shape)\n    shifted[:, :, :H, :W] = x\n    dxp = np.zeros"),
    ),
    "none: db first": changed(BACKWARD, (", dw, db\n", "\n"), ("return dxp", "return db, dw, dxp")),
    "none: one filter after another overwrites": changed(BACKWARD, ("+= g * w[f]", "= g * w[f]")),
}

# ------------------------------------------------------------------------------------------ max-pooling

POOL = """
def maxpool2d_backward(dout, x, size, stride):
    N, C, Ho, Wo = dout.shape
    dx = np.zeros_like(x)
    for n in range(N):
        for c in range(C):
            for i in range(Ho):
                for j in range(Wo):
                    r, s = i * stride, j * stride
                    window = x[n, c, r:r + size, s:s + size]
                    k, l = np.unravel_index(np.argmax(window), window.shape)
                    dx[n, c, r + k, s + l] += dout[n, c, i, j]
    return dx
"""

LOOPS = """
def maxpool2d_backward(dout, x, size, stride):
    N, C, Ho, Wo = dout.shape
    dx = np.zeros(x.shape)
    for n in range(N):
        for c in range(C):
            for i in range(Ho):
                for j in range(Wo):
                    best, where = -np.inf, (0, 0)
                    for a in range(i * stride, i * stride + size):
                        for b in range(j * stride, j * stride + size):
                            if x[n, c, a, b] > best:
                                best, where = x[n, c, a, b], (a, b)
                    dx[n, c, where[0], where[1]] += dout[n, c, i, j]
    return dx
"""

RIGHT["maxpool2d_backward"] = [
    POOL,
    LOOPS,
    """
def maxpool2d_backward(dout, x, size, stride):
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
    N, C, Ho, Wo = windows.shape[:4]
    winner = windows.reshape(N, C, Ho, Wo, -1).argmax(-1)
    n, c, i, j = np.indices((N, C, Ho, Wo))
    dx = np.zeros(x.shape)
    np.add.at(dx, (n, c, i * stride + winner // size, j * stride + winner % size), dout)
    return dx
""",
    """
import torch

def maxpool2d_backward(dout, x, size, stride):
    X = torch.tensor(np.array(x), requires_grad=True)
    torch.nn.functional.max_pool2d(X, size, stride).backward(torch.tensor(np.array(dout)))
    return X.grad.numpy()
""",
]

WRONG["maxpool2d_backward"] = {
    "all_ties_get_gradient": changed(
        POOL,
        ("                    k, l = np.unravel_index(np.argmax(window), window.shape)\n", ""),
        (
            "dx[n, c, r + k, s + l] += dout[n, c, i, j]",
            "dx[n, c, r:r + size, s:s + size] += (window == window.max()) * dout[n, c, i, j]",
        ),
    ),
    "ties_share": changed(
        POOL,
        ("k, l = np.unravel_index(np.argmax(window), window.shape)", "mask = window == np.max(window)"),
        (
            "dx[n, c, r + k, s + l] += dout[n, c, i, j]",
            "dx[n, c, r:r + size, s:s + size] += mask / mask.sum() * dout[n, c, i, j]",
        ),
    ),
    "last_of_ties": changed(LOOPS, ("> best", ">= best")),
    "first_by_columns": changed(
        POOL, ("k, l = np.unravel_index(np.argmax(window), window.shape)", "l, k = divmod(np.argmax(window.T), size)")
    ),
    "row_and_column_swapped": changed(POOL, ("k, l = np.unravel", "l, k = np.unravel")),
    "overwrites_overlaps": changed(POOL, ("+= dout", "= dout")),
    "fancy_index_loses_repeats": """
def maxpool2d_backward(dout, x, size, stride):
    N, C, Ho, Wo = dout.shape
    dx = np.zeros(x.shape)
    n, c, j = np.indices((N, C, Wo))
    for i in range(Ho):
        rows = x[:, :, i * stride:i * stride + size]
        windows = np.lib.stride_tricks.sliding_window_view(rows, size, axis=3)[:, :, :, ::stride]   # N, C, size, Wo, size
        winner = windows.transpose(0, 1, 3, 2, 4).reshape(N, C, Wo, -1).argmax(-1)
        dx[n, c, i * stride + winner // size, j * stride + winner % size] += dout[:, :, i]
    return dx
""",
    "spreads_like_average": changed(
        POOL,
        (
            "dx[n, c, r + k, s + l] += dout[n, c, i, j]",
            "dx[n, c, r:r + size, s:s + size] += dout[n, c, i, j] / size ** 2",
        ),
        ("np.zeros_like(x)", "np.zeros(x.shape)"),
    ),
    "spreads_whole": changed(POOL, ("dx[n, c, r + k, s + l] +=", "dx[n, c, r:r + size, s:s + size] +=")),
    "routes_value": changed(POOL, ("+= dout[n, c, i, j]", "+= dout[n, c, i, j] * window.max()")),
    "routes_maximum_alone": changed(POOL, ("+= dout[n, c, i, j]", "+= window.max()")),
    "zero_beats_negatives": changed(
        LOOPS, ("best, where = -np.inf, (0, 0)", "best, where = 0, (i * stride, j * stride)")
    ),
    "stride_equals_size": changed(POOL, ("i * stride, j * stride", "i * size, j * size")),
    "none: the minimum": changed(POOL, ("argmax", "argmin")),
    "none: the message of the first window": changed(POOL, ("dout[n, c, i, j]", "dout[n, c, 0, 0]")),
}

# ------------------------------------------------------------------------------------------ receptive field

FIELD = """
def receptive_field(layers):
    size, jump = 1, 1
    for k, s, d in layers:
        size = size + d * (k - 1) * jump
        jump = jump * s
    return size, jump
"""

RIGHT["receptive_field"] = [
    FIELD,
    """
def receptive_field(layers):
    size = 1
    jump = 1
    for kernel, stride, dilation in reversed(layers):
        size = (size - 1) * stride + dilation * (kernel - 1) + 1
        jump *= stride
    return size, jump
""",
    """
def receptive_field(layers):
    def seen(unit):
        units = {unit}
        for kernel, stride, dilation in layers[::-1]:
            units = {u * stride + dilation * tap for u in units for tap in range(kernel)}
        return min(units), max(units)
    low, high = seen(0)
    return high - low + 1, seen(1)[0] - low
""",
]

WRONG["receptive_field"] = {
    "jump_ignored": changed(FIELD, ("d * (k - 1) * jump", "d * (k - 1)")),
    "jump_updated_first": """
def receptive_field(layers):
    size, jump = 1, 1
    for k, s, d in layers:
        jump *= s
        size += d * (k - 1) * jump
    return size, jump
""",
    "own_stride_only": changed(FIELD, ("(k - 1) * jump", "(k - 1) * s")),
    "last_stride_only": """
def receptive_field(layers):
    size, last, total = 1, 1, 1
    for k, s, d in layers:
        size += d * (k - 1) * last
        last = s
        total *= s
    return size, total
""",
    "dilation_ignored": changed(FIELD, ("d * (k - 1)", "(k - 1)")),
    "product_of_kernels": changed(FIELD, ("size + d * (k - 1) * jump", "size * k")),
    "sum_of_kernels": changed(FIELD, ("(k - 1)", "k")),
    "starts_from_zero": changed(FIELD, ("size, jump = 1, 1", "size, jump = 0, 1")),
    "dilation_times_kernel": changed(FIELD, ("d * (k - 1)", "(d * k - 1)")),
    "last_layer_first": changed(FIELD, ("in layers", "in reversed(layers)")),
    "strides_added": changed(FIELD, ("jump * s", "jump + s - 1")),
    "dilation_in_jump": changed(FIELD, ("jump * s", "jump * s * d")),
    "none: jump first": changed(FIELD, ("return size, jump", "return jump, size")),
    "none: the size alone": changed(FIELD, ("return size, jump", "return size")),
}

# ------------------------------------------------------------------------------------------ digits out of place

SHIFT = """
import torch
from torch import nn

def train_shift_cnn(images, labels, seed=0):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(),
        nn.Conv2d(8, 32, 5, padding=2), nn.BatchNorm2d(32), nn.ReLU(),
        nn.AdaptiveMaxPool2d(1), nn.Flatten(),
        nn.Linear(32, 10),
    ).to(images.device)
    opt = torch.optim.Adam(net.parameters(), lr=0.01)
    for epoch in range(5):
        net.train()
        order = torch.randperm(len(images))
        for k in range(0, len(images), 40):
            batch = order[k:k + 40].to(images.device)
            opt.zero_grad()
            loss = nn.functional.cross_entropy(net(images[batch]), labels[batch])
            loss.backward()
            opt.step()
    net.eval()
    return net
"""

FLAT = """
import torch
from torch import nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.out = nn.Linear(16 * 36, 10)
        self.drop = nn.Dropout(0.2)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.relu(self.conv2(x))
        return self.out(self.drop(x.flatten(1)))

def train_shift_cnn(images, labels, seed=0):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    net = Net().to(images.device)
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(EPOCHS):
        for batch in torch.randperm(len(images)).split(32):
            x = images[batch]
            loss = F.cross_entropy(net(x), labels[batch])
            opt.zero_grad()
            loss.backward()
            opt.step()
    net.eval()
    return net
"""

RIGHT["train_shift_cnn"] = [
    SHIFT,
    changed(
        FLAT,
        ("EPOCHS", "25"),
        (
            "            x = images[batch]\n",
            "            x = F.pad(images[batch], (2, 2, 2, 2))\n"
            "            i, j = torch.randint(0, 5, (2, len(x)))\n"
            "            x = torch.stack([one[:, a:a + 12, b:b + 12] for one, a, b in zip(x, i.tolist(), j.tolist())])\n",
        ),
        ("nn.Conv2d(8, 16", "nn.Conv2d(16, 32"),
        ("nn.Conv2d(1, 8", "nn.Conv2d(1, 16"),
        ("F.relu(self.conv2(x))", "F.max_pool2d(F.relu(self.conv2(x)), 2)"),
        ("16 * 36", "32 * 9"),
        ("split(32)", "split(64)"),
        ("3e-3", "1e-2"),
    ),
    changed(
        SHIFT,
        ("nn.AdaptiveMaxPool2d(1), nn.Flatten()", "nn.MaxPool2d(12), nn.Flatten()"),
        ("padding=1", 'padding="same"'),
    ),
]

WRONG["train_shift_cnn"] = {
    "flattened_without_augmentation": changed(FLAT, ("EPOCHS", "5")),
    "mlp": """
import torch
from torch import nn

def train_shift_cnn(images, labels, seed=0):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    net = nn.Sequential(nn.Flatten(), nn.Linear(144, 80), nn.ReLU(), nn.Linear(80, 10)).to(images.device)
    opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for epoch in range(15):
        for batch in torch.randperm(len(images)).split(32):
            opt.zero_grad()
            nn.functional.cross_entropy(net(images[batch]), labels[batch]).backward()
            opt.step()
    return net.eval()
""",
    "too_many_parameters": changed(
        FLAT, ("EPOCHS", "1"), ("nn.Conv2d(8, 16", "nn.Conv2d(8, 64"), ("16 * 36", "64 * 36")
    ),
    "left_in_train_mode_with_dropout": changed(FLAT, ("EPOCHS", "1"), ("    net.eval()\n", "")),
    "left_in_train_mode": changed(SHIFT, ("range(5)", "range(1)"), ("    net.eval()\n", "")),
    "softmax_before_loss": changed(
        SHIFT,
        ("nn.Linear(32, 10),", "nn.Linear(32, 10), nn.Softmax(dim=1),"),
        ("range(5)", "range(1)"),
        ("0.01", "0.001"),
    ),
    "partly_tied_to_place": changed(
        SHIFT,
        ("nn.Conv2d(8, 32, 5, padding=2)", "nn.MaxPool2d(2), nn.Conv2d(8, 32, 3, padding=1)"),
        ("range(5)", "range(8)"),
    ),
    "sees_too_little": changed(
        SHIFT,
        ("        nn.Conv2d(8, 32, 5, padding=2), nn.BatchNorm2d(32), nn.ReLU(),\n", ""),
        ("nn.Linear(32", "nn.Linear(8"),
    ),
    "nothing_learned": changed(SHIFT, ("            opt.step()\n", ""), ("range(5)", "range(1)")),
    "none: classes in place of a network": changed(
        SHIFT, ("return net\n", "return net(images).argmax(dim=1)\n"), ("range(5)", "range(1)")
    ),
    "none: one logit for each image": changed(
        SHIFT, ("return net\n", "return nn.Sequential(net, nn.AdaptiveMaxPool1d(1)).eval()\n"), ("range(5)", "range(1)")
    ),
}
