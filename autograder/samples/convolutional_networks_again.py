"""More answers to lecture 09: two right ones of each exercise, and every catalogued mistake written in another way."""

from autograder.samples.convolutional_networks import changed

RIGHT = {}
WRONG = {}

# ------------------------------------------------------------------------------------------ output size

SIZE = """
def conv_output_size(n, kernel, stride=1, padding=0, dilation=1):
    first = -padding
    reach = (kernel - 1) * dilation
    end = n + padding - 1
    if first + reach > end:
        raise ValueError(f"{kernel} taps don't fit")
    positions = 1
    while first + positions * stride + reach <= end:
        positions += 1
    return positions
"""

FORMULA = """
def conv_output_size(n, kernel, stride=1, padding=0, dilation=1):
    length = n + padding + padding
    extent = kernel + (kernel - 1) * (dilation - 1)
    if length < extent:
        raise ValueError("does not fit")
    return int((length - extent) / stride + 1)
"""

RIGHT["conv_output_size"] = [SIZE, FORMULA]

WRONG["conv_output_size"] = {
    "no_floor": changed(FORMULA, ("int((length - extent) / stride + 1)", "1 + (length - extent) / stride")),
    "rounds_up": changed(
        FORMULA, ("int((length - extent) / stride + 1)", "(length - extent + stride - 1) // stride + 1")
    ),
    "rounds_to_nearest": changed(FORMULA, ("int((length", "round((length")),
    "float_returned": changed(
        FORMULA, ("int((length - extent) / stride + 1)", "np.floor((length - extent) / stride + 1)")
    ),
    "first_position_forgotten": changed(
        SIZE, ("positions = 1", "positions = 0"), ("first + positions * stride", "first + (positions + 1) * stride")
    ),
    "pads_one_side": changed(SIZE, ("first = -padding", "first = 0")),
    "no_padding": changed(FORMULA, ("n + padding + padding", "n")),
    "dilation_times_kernel": changed(FORMULA, ("kernel + (kernel - 1) * (dilation - 1)", "kernel * dilation")),
    "dilation_ignored": changed(FORMULA, (" + (kernel - 1) * (dilation - 1)", "")),
    "last_tap_forgotten": changed(FORMULA, ("kernel + (kernel - 1) * (dilation - 1)", "(kernel - 1) * dilation")),
    "no_error": changed(FORMULA, ('        raise ValueError("does not fit")', "        return 0")),
}

# ------------------------------------------------------------------------------------------ cost of a layer

COST = """
def conv_layer_cost(height, width, in_channels, out_channels, kernel, stride=1, padding=0, bias=True):
    rows = len(range(0, height + 2 * padding - kernel + 1, stride))
    cols = len(range(0, width + 2 * padding - kernel + 1, stride))
    units, weights, connections = 0, 0, 0
    for f in range(out_channels):
        weights += in_channels * kernel * kernel + int(bias)
        for place in range(rows * cols):
            units += 1
            connections += in_channels * kernel * kernel + int(bias)
    result = {}
    result["units"] = units
    result["weights"] = weights
    result["connections"] = connections
    return result
"""

FAN = """
def conv_layer_cost(height, width, in_channels, out_channels, kernel, stride=1, padding=0, bias=True):
    Ho = 1 + (height - kernel + 2 * padding) // stride
    Wo = 1 + (width - kernel + 2 * padding) // stride
    fan_in = in_channels * kernel ** 2
    weights = out_channels * fan_in
    units = Ho * Wo * out_channels
    connections = units * fan_in
    return {
        "units": units,
        "weights": weights + out_channels * bias,
        "connections": connections + units * bias,
    }
"""

RIGHT["conv_layer_cost"] = [COST, FAN]

WRONG["conv_layer_cost"] = {
    "connections_one_filter": changed(FAN, ("connections = units * fan_in", "connections = Ho * Wo * fan_in")),
    "bias_per_unit": changed(FAN, ("weights + out_channels * bias", "weights + units * bias")),
    "input_size_for_output": changed(
        COST,
        ("len(range(0, height + 2 * padding - kernel + 1, stride))", "height"),
        ("len(range(0, width + 2 * padding - kernel + 1, stride))", "width"),
    ),
    "weights_per_position": changed(
        FAN, ("weights = out_channels * fan_in", "weights = Ho * Wo * out_channels * fan_in")
    ),
    "forgets_in_channels": changed(FAN, ("weights = out_channels * fan_in", "weights = out_channels * kernel ** 2")),
    "units_of_one_map": changed(FAN, ('"units": units', '"units": units // out_channels')),
    "bias_not_connected": changed(FAN, ("connections + units * bias", "connections")),
    "one_bias_in_connections": changed(FAN, ("connections + units * bias", "connections + out_channels * bias")),
    "bias_always": changed(COST, ("int(bias)", "1")),
    "bias_never": changed(COST, (" + int(bias)", "")),
    "rounds_up": changed(
        FAN,
        ("1 + (height - kernel + 2 * padding) // stride", "1 - (kernel - height - 2 * padding) // stride"),
        ("1 + (width - kernel + 2 * padding) // stride", "1 - (kernel - width - 2 * padding) // stride"),
    ),
    "pads_one_side": changed(COST, ("2 * padding", "padding")),
    "one_side_for_both": changed(FAN, ("1 + (height", "1 + (width")),
    "depthwise": changed(FAN, ('"units": units', '"units": in_channels * units')),
}

# ------------------------------------------------------------------------------------------ full convolution

COPIES = """
def convolve_full(a, b):
    out = np.zeros((a.shape[0] + b.shape[0] - 1, a.shape[1] + b.shape[1] - 1))
    for (i, j), value in np.ndenumerate(b):
        out[i:i + a.shape[0], j:j + a.shape[1]] += value * a
    return out
"""

RIGHT["convolve_full"] = [
    COPIES,
    """
import torch

def convolve_full(a, b):
    image = torch.tensor(a.astype(float))[None, None]
    kernel = torch.tensor(b.astype(float)).flip(0, 1)[None, None]
    pad = (b.shape[0] - 1, b.shape[1] - 1)
    return torch.nn.functional.conv2d(image, kernel, padding=pad)[0, 0].numpy()
""",
]

WRONG["convolve_full"] = {
    "no_flip": """
from scipy.signal import correlate2d

def convolve_full(a, b):
    return correlate2d(a, b)
""",
    "flips_one_axis": changed(COPIES, ("np.ndenumerate(b)", "np.ndenumerate(np.fliplr(b))")),
    "flips_columns_only": changed(COPIES, ("np.ndenumerate(b)", "np.ndenumerate(np.flipud(b))")),
    "valid_only": """
from scipy.signal import convolve2d

def convolve_full(a, b):
    return convolve2d(a, b, mode="valid")
""",
    "same_size": changed(COPIES, ("return out", "return out[:a.shape[0], :a.shape[1]]")),
    "wraps_around": """
def convolve_full(a, b):
    rows, cols = max(len(a), len(b)), max(a.shape[1], b.shape[1])
    return np.fft.irfft2(np.fft.rfft2(a, (rows, cols)) * np.fft.rfft2(b, (rows, cols)), (rows, cols))
""",
    "whole_numbers_kept": changed(COPIES, ("out = np.zeros((", "out = np.zeros_like(a, shape=(")),
}

# ------------------------------------------------------------------------------------------ forward

TAPS = """
def conv2d_forward(x, w, b, stride=1, padding=0):
    F, C, kh, kw = w.shape
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    Ho = 1 + (x.shape[2] - kh) // stride
    Wo = 1 + (x.shape[3] - kw) // stride
    out = np.zeros((len(x), F, Ho, Wo), x.dtype)
    for i in range(kh):
        for j in range(kw):
            part = x[:, :, i:i + (Ho - 1) * stride + 1:stride, j:j + (Wo - 1) * stride + 1:stride]
            out += np.tensordot(w[:, :, i, j], part, (1, 1)).swapaxes(0, 1)
    return out + b[None, :, None, None]
"""

POSITIONS = """
def conv2d_forward(x, w, b, stride=1, padding=0):
    F, C, kh, kw = w.shape
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    Ho = 1 + (x.shape[2] - kh) // stride
    Wo = 1 + (x.shape[3] - kw) // stride
    out = np.empty((len(x), F, Ho, Wo), x.dtype)
    flat = w.reshape(F, -1)
    for i in range(Ho):
        for j in range(Wo):
            window = x[:, :, stride * i:stride * i + kh, stride * j:stride * j + kw]
            out[:, :, i, j] = window.reshape(len(x), -1) @ flat.T + b
    return out
"""

RIGHT["conv2d_forward"] = [TAPS, POSITIONS]

WRONG["conv2d_forward"] = {
    "flips_kernel": changed(POSITIONS, ("flat = w.reshape(F, -1)", "flat = np.flip(w, axis=(2, 3)).reshape(F, -1)")),
    "bias_forgotten": changed(TAPS, (" + b[None, :, None, None]", "")),
    "bias_per_tap": changed(
        TAPS,
        (".swapaxes(0, 1)", ".swapaxes(0, 1) + b[None, :, None, None]"),
        ("return out + b[None, :, None, None]", "return out"),
    ),
    "stride_not_used_for_index": changed(
        POSITIONS, ("stride * i:stride * i + kh, stride * j:stride * j + kw", "i:i + kh, j:j + kw")
    ),
    "stride_ignored": changed(TAPS, ("    F, C", "    stride = 1\n    F, C")),
    "padding_ignored": changed(
        POSITIONS, ("    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))\n", "")
    ),
    "first_position_forgotten": changed(POSITIONS, ("= 1 + (x", "= (x")),
    "rounds_too_early": changed(
        TAPS,
        ("1 + (x.shape[2] - kh)", "(x.shape[2] - kh + 1)"),
        ("1 + (x.shape[3] - kw)", "(x.shape[3] - kw + 1)"),
    ),
    "pads_one_side": changed(POSITIONS, ("(padding, padding), (padding, padding)", "(padding, 0), (padding, 0)")),
    "kernel_sides_swapped": changed(
        POSITIONS,
        ("1 + (x.shape[2] - kh)", "1 + (x.shape[2] - kw)"),
        ("1 + (x.shape[3] - kw)", "1 + (x.shape[3] - kh)"),
    ),
    "bias_on_wrong_axis": changed(TAPS, ("b[None, :, None, None]", "b[None, None, None, :]")),
    "channels_averaged": changed(TAPS, ("return out +", "return out / np.array(C, x.dtype) +")),
    "first_channel_only": changed(
        POSITIONS,
        ("flat = w.reshape(F, -1)", "flat = w[:, 0].reshape(F, -1)"),
        ("window = x[:, :,", "window = x[:, 0,"),
    ),
    "last_channel_wins": """
def conv2d_forward(x, w, b, stride=1, padding=0):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    for c in range(x.shape[1]):
        windows = np.lib.stride_tricks.sliding_window_view(x[:, c], w.shape[2:], axis=(1, 2))[:, ::stride, ::stride]
        out = np.einsum("nhwij,fij->nfhw", windows, w[:, c])
    return out + b[:, None, None]
""",
    "dtype_lost": changed(POSITIONS, (", Wo), x.dtype)", ", Wo))")),
}

# ------------------------------------------------------------------------------------------ backward

TAPS_BACK = """
def conv2d_backward(dout, x, w, stride=1, padding=0):
    p, s = padding, stride
    H, W = x.shape[2:]
    F, C, kh, kw = w.shape
    Ho, Wo = dout.shape[2:]
    big = np.zeros((len(x), C, H + 2 * p, W + 2 * p))
    big[:, :, p:p + H, p:p + W] = x
    dbig, dw = np.zeros(big.shape), np.zeros(w.shape)
    for i in range(kh):
        for j in range(kw):
            at = (slice(None), slice(None), slice(i, i + s * Ho - s + 1, s), slice(j, j + s * Wo - s + 1, s))
            dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, big[at])
            dbig[at] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    dx = dbig[:, :, p:p + H, p:p + W]
    db = np.einsum("nfhw->f", dout)
    return dx, dw, db
"""

RIGHT["conv2d_backward"] = [
    TAPS_BACK,
    """
def conv2d_backward(dout, x, w, stride=1, padding=0):
    # the messages with stride - 1 zeros between them, then a full convolution and a cross-correlation
    from scipy.signal import convolve2d, correlate2d
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    Ho, Wo = dout.shape[2:]
    xp = np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))
    g = np.zeros((N, F, xp.shape[2] - kh + 1, xp.shape[3] - kw + 1))
    g[:, :, :(Ho - 1) * stride + 1:stride, :(Wo - 1) * stride + 1:stride] = dout
    dxp, dw = np.zeros(xp.shape), np.zeros(w.shape)
    for n in range(N):
        for f in range(F):
            for c in range(C):
                dxp[n, c] += convolve2d(g[n, f], w[f, c], "full")
                dw[f, c] += correlate2d(xp[n, c], g[n, f], "valid")
    return dxp[:, :, padding:padding + H, padding:padding + W], dw, dout.sum((0, 2, 3))
""",
]

WRONG["conv2d_backward"] = {
    "overwrites_overlaps": changed(TAPS_BACK, ("dbig[at] +=", "dbig[at] =")),
    "keeps_padding": changed(TAPS_BACK, ("dx = dbig[:, :, p:p + H, p:p + W]", "dx = dbig")),
    "crops_wrong_corner": changed(TAPS_BACK, ("dx = dbig[:, :, p:p + H, p:p + W]", "dx = dbig[..., 0:H, 0:W]")),
    "averages_batch": changed(
        TAPS_BACK, ("    p, s = padding, stride\n", "    p, s = padding, stride\n    dout = dout / len(x)\n")
    ),
    "averages_positions": changed(TAPS_BACK, ('np.einsum("nfhw->f", dout)', "dout.mean(-1).mean(-1).mean(0)")),
    "bias_not_summed_over_space": changed(TAPS_BACK, ('np.einsum("nfhw->f", dout)', "np.add.reduce(dout)")),
    "bias_not_summed_over_images": changed(TAPS_BACK, ('"nfhw->f"', '"nfhw->nf"')),
    "weights_overwritten": changed(
        TAPS_BACK,
        ('np.einsum("nfhw,nchw->fc", dout, big[at])', "np.tensordot(dout[-1], big[at][-1], ((1, 2), (1, 2)))"),
    ),
    "stride_ignored": changed(TAPS_BACK, ("p, s = padding, stride", "p, s = padding, 1")),
    "negative_crop": changed(TAPS_BACK, ("dx = dbig[:, :, p:p + H, p:p + W]", "dx = dbig[..., p:-p, p:-p]")),
    "kernel_flipped_in_dx": changed(TAPS_BACK, ("dout, w[:, :, i, j])", "dout, w[:, :, kh - 1 - i, kw - 1 - j])")),
    "patches_without_padding": changed(TAPS_BACK, ("big[:, :, p:p + H, p:p + W] = x", "big[:, :, :H, :W] = x")),
}

# ------------------------------------------------------------------------------------------ max-pooling

WINDOW = """
def maxpool2d_backward(dout, x, size, stride):
    N, C, Ho, Wo = dout.shape
    dx = np.zeros(x.shape)
    for i in range(Ho):
        for j in range(Wo):
            top, left = stride * i, stride * j
            window = x[:, :, top:top + size, left:left + size].reshape(N, C, -1)
            best = window.argmax(axis=2)
            mask = np.eye(size * size)[best].reshape(N, C, size, size)
            dx[:, :, top:top + size, left:left + size] += mask * dout[:, :, i, j][:, :, None, None]
    return dx
"""

RIGHT["maxpool2d_backward"] = [
    WINDOW,
    """
def maxpool2d_backward(dout, x, size, stride):
    dx = np.zeros(x.size)
    index = np.arange(x.size).reshape(x.shape)
    for place in np.ndindex(dout.shape):
        n, c, i, j = place
        rows, cols = slice(i * stride, i * stride + size), slice(j * stride, j * stride + size)
        dx[index[n, c, rows, cols].flat[np.argmax(x[n, c, rows, cols])]] += dout[place]
    return dx.reshape(x.shape)
""",
]

MASK = "mask = np.eye(size * size)[best].reshape(N, C, size, size)"
WRONG["maxpool2d_backward"] = {
    "row_and_column_swapped": changed(WINDOW, (MASK, MASK + ".swapaxes(2, 3)")),
    "all_ties_get_gradient": changed(
        WINDOW, (MASK, "mask = (window == window.max(axis=2, keepdims=True)).reshape(N, C, size, size)")
    ),
    "ties_share": changed(
        WINDOW,
        ("            best = ", "            ties = window == window.max(axis=2, keepdims=True)\n            best = "),
        (MASK, "mask = (ties / ties.sum(axis=2, keepdims=True)).reshape(N, C, size, size)"),
    ),
    "last_of_ties": changed(WINDOW, ("window.argmax(axis=2)", "size * size - 1 - window[:, :, ::-1].argmax(axis=2)")),
    "first_by_columns": changed(
        WINDOW,
        (".reshape(N, C, -1)", ".swapaxes(2, 3).reshape(N, C, -1)"),
        (MASK, MASK + ".swapaxes(2, 3)"),
    ),
    "overwrites_overlaps": changed(WINDOW, ("left:left + size] += mask", "left:left + size] = mask")),
    "fancy_index_loses_repeats": """
def maxpool2d_backward(dout, x, size, stride):
    N, C, Ho, Wo = dout.shape
    dx = np.zeros(x.shape)
    for j in range(Wo):
        strip = x[:, :, :, j * stride:j * stride + size]
        windows = np.stack([strip[:, :, i * stride:i * stride + size].reshape(N, C, -1) for i in range(Ho)], axis=2)
        winner = windows.argmax(axis=-1)                       # N, C, Ho
        n, c, i = np.ogrid[:N, :C, :Ho]
        dx[n, c, i * stride + winner // size, j * stride + winner % size] += dout[:, :, :, j]
    return dx
""",
    "spreads_like_average": changed(WINDOW, (MASK, "mask = np.full((N, C, size, size), 1 / size**2)")),
    "spreads_whole": changed(WINDOW, (MASK, "mask = np.ones((N, C, size, size))")),
    "routes_value": changed(WINDOW, (MASK, "mask = (np.eye(size * size)[best] * window).reshape(N, C, size, size)")),
    "routes_maximum_alone": changed(
        WINDOW,
        (MASK, "mask = (np.eye(size * size)[best] * window).reshape(N, C, size, size)"),
        (" * dout[:, :, i, j][:, :, None, None]", ""),
    ),
    "zero_beats_negatives": changed(
        WINDOW, (MASK, "mask = (np.eye(size * size)[best] * (window > 0)).reshape(N, C, size, size)")
    ),
    "stride_equals_size": changed(
        WINDOW,
        ("    N, C", "    stride = size\n    N, C"),
        ("for i in range(Ho)", "for i in range(min(Ho, x.shape[2] // size))"),
        ("for j in range(Wo)", "for j in range(min(Wo, x.shape[3] // size))"),
    ),
}

# ------------------------------------------------------------------------------------------ receptive field

BACKWARDS = """
def receptive_field(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers[::-1]:
        size = stride * (size - 1) + 1 + (kernel - 1) * dilation
    for layer in layers:
        jump *= layer[1]
    return size, jump
"""

SUMS = """
def receptive_field(layers):
    jumps = [1]
    for _, stride, _ in layers:
        jumps.append(jumps[-1] * stride)
    reach = [(k - 1) * d * jump for (k, _, d), jump in zip(layers, jumps)]
    return 1 + sum(reach), jumps[-1]
"""

RIGHT["receptive_field"] = [BACKWARDS, SUMS]

WRONG["receptive_field"] = {
    "jump_ignored": changed(SUMS, ("(k - 1) * d * jump for", "(k - 1) * d for")),
    "jump_updated_first": changed(SUMS, ("zip(layers, jumps)", "zip(layers, jumps[1:])")),
    "own_stride_only": changed(SUMS, ("(k - 1) * d * jump for (k, _, d)", "(k - 1) * d * s for (k, s, d)")),
    "last_stride_only": changed(SUMS, ("zip(layers, jumps)", "zip(layers, [1] + [stride for _, stride, _ in layers])")),
    "dilation_ignored": changed(BACKWARDS, (" * dilation", "")),
    "product_of_kernels": changed(SUMS, ("1 + sum(reach)", "int(np.prod([k for k, _, _ in layers]))")),
    "sum_of_kernels": changed(SUMS, ("(k - 1)", "k")),
    "starts_from_zero": changed(SUMS, ("1 + sum", "sum")),
    "dilation_times_kernel": changed(SUMS, ("(k - 1) * d * jump", "(k * d - 1) * jump")),
    "last_layer_first": changed(SUMS, ("    jumps = [1]", "    layers = layers[::-1]\n    jumps = [1]")),
    "strides_added": """
def receptive_field(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += (kernel - 1) * dilation * jump
        jump += stride
    return size, jump
""",
    "dilation_in_jump": changed(
        SUMS,
        ("for _, stride, _ in layers", "for _, stride, dilation in layers"),
        ("jumps[-1] * stride", "jumps[-1] * stride * dilation"),
    ),
}

# ------------------------------------------------------------------------------------------ digits out of place

MODULE = """
import torch
from torch import nn
import torch.nn.functional as F

class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 12, 5, padding=4)
        self.norm = nn.BatchNorm2d(12)
        self.second = nn.Conv2d(12, 30, 5)
        self.norm2 = nn.BatchNorm2d(30)
        self.out = nn.Linear(30, 10)

    def forward(self, x):
        x = F.relu(self.norm(self.first(x)))
        x = F.relu(self.norm2(self.second(x)))
        return self.out(torch.amax(x, dim=(2, 3)))

def train_shift_cnn(images, labels, seed=0):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    net = Reader().to(images.device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.01, weight_decay=0.01)
    for epoch in range(5):
        shuffled = torch.randperm(len(images), device=images.device)
        for start in range(0, len(images), 40):
            rows = shuffled[start:start + 40]
            optimizer.zero_grad()
            F.cross_entropy(net(images[rows]), labels[rows]).backward()
            optimizer.step()
    return net.eval()
"""

RIGHT["train_shift_cnn"] = [
    MODULE,
    changed(
        MODULE,
        (
            "x = F.relu(self.norm2(self.second(x)))",
            "x = F.relu(self.norm2(self.second(x)))\n        x = F.avg_pool2d(x, 2, 1)",
        ),
        ("torch.amax(x, dim=(2, 3))", "F.adaptive_max_pool2d(x, 1).flatten(1)"),
        ("return self.out", "return F.log_softmax(self.out"),
        (".flatten(1))", ".flatten(1)), dim=1)"),
        ("F.cross_entropy", "F.nll_loss"),
    ),
]

WRONG["train_shift_cnn"] = {
    "flattened_without_augmentation": """
import torch
from torch import nn

def train_shift_cnn(images, labels, seed=0):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    net = nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(6 * 16, 40), nn.Tanh(), nn.Linear(40, 10),
    ).to(images.device)
    opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for epoch in range(10):
        for batch in torch.randperm(len(images)).split(32):
            opt.zero_grad()
            nn.functional.cross_entropy(net(images[batch]), labels[batch]).backward()
            opt.step()
    return net.eval()
""",
    "mlp": """
import torch
from torch import nn

class Dense(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(144, 60), nn.Linear(60, 60), nn.Linear(60, 10)

    def forward(self, x):
        return self.c(torch.relu(self.b(torch.relu(self.a(x.reshape(len(x), -1))))))

def train_shift_cnn(images, labels, seed=0):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    net, loss = Dense().to(images.device), nn.CrossEntropyLoss()
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for step in range(400):
        rows = torch.randint(0, len(images), (64,))
        opt.zero_grad()
        loss(net(images[rows]), labels[rows]).backward()
        opt.step()
    net.eval()
    return net
""",
    "too_many_parameters": changed(
        MODULE,
        ("range(5)", "range(1)"),
        ("12, 5, padding=4", "32, 5, padding=4"),
        ("BatchNorm2d(12)", "BatchNorm2d(32)"),
        ("Conv2d(12, 30", "Conv2d(32, 30"),
    ),
    "left_in_train_mode_with_dropout": changed(
        MODULE,
        ("range(5)", "range(1)"),
        ("torch.amax(x, dim=(2, 3))", "F.dropout(torch.amax(x, dim=(2, 3)), 0.3, self.training)"),
        ("return net.eval()", "return net"),
    ),
    "left_in_train_mode": changed(MODULE, ("range(5)", "range(1)"), ("return net.eval()", "return net")),
    "softmax_before_loss": changed(
        MODULE,
        ("range(5)", "range(1)"),
        ("return self.out(torch.amax(x, dim=(2, 3)))", "return self.out(torch.amax(x, dim=(2, 3))).softmax(dim=1)"),
        ("lr=0.01", "lr=0.0005"),
    ),
    "partly_tied_to_place": changed(
        MODULE,
        ("nn.Conv2d(12, 30, 5)", "nn.Conv2d(12, 30, 3, stride=2)"),
        ("padding=4", "padding=2"),
        ("range(5)", "range(7)"),
    ),
    "sees_too_little": changed(
        MODULE,
        ("        x = F.relu(self.norm2(self.second(x)))\n", ""),
        ("self.out = nn.Linear(30, 10)", "self.out = nn.Linear(12, 10)"),
        ("nn.Conv2d(1, 12, 5, padding=4)", "nn.Conv2d(1, 12, 3, padding=1)"),
        ("range(5)", "range(4)"),
    ),
    "nothing_learned": changed(
        MODULE, ("range(5)", "range(1)"), ("AdamW(net.parameters()", "AdamW(Reader().parameters()")
    ),
}
