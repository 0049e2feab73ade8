"""Solutions of lecture 09, convolutional networks. Images are (N, C, H, W), kernels (F, C, kh, kw); layers don't flip their kernels."""

import numpy as np
import torch
from torch import nn


def conv_output_size(n, kernel, stride=1, padding=0, dilation=1):
    """How many positions a window has along one side.

    n: cells of the side; kernel: how many taps the window has; stride: cells from one position to the next; padding: cells
    added on both ends; dilation: cells from one tap to the next. Positions at which the window sticks out are dropped.
    Returns an int. Raises ValueError where the dilated kernel is longer than the padded side.
    """
    # BEGIN SOLUTION
    room = n + 2 * padding - (dilation * (kernel - 1) + 1)  # how far the window can move
    if room < 0:
        raise ValueError(f"a window of {dilation * (kernel - 1) + 1} cells does not fit into {n + 2 * padding}")
    return room // stride + 1
    # END SOLUTION


def conv_layer_cost(height, width, in_channels, out_channels, kernel, stride=1, padding=0, bias=True):
    """The size of a convolution layer with square kernels, for one image.

    height and width of the image, in_channels and out_channels of the layer; kernel: its side; stride and padding, the same in both
    directions; with bias=True each output channel has one weight more, and each unit one connection more
    Returns a dict: "units", how many numbers come out; "weights", how many are learned; "connections", how many products one
    forward pass forms, those with padded zeros included.
    """
    # BEGIN SOLUTION
    rows, columns = ((side + 2 * padding - kernel) // stride + 1 for side in (height, width))
    units = rows * columns * out_channels
    fan_in = kernel * kernel * in_channels + bool(bias)
    return {"units": units, "weights": fan_in * out_channels, "connections": fan_in * units}
    # END SOLUTION


def convolve_full(a, b):
    """The full convolution out[i, j] = sum over u and v of a[u, v] b[i - u, j - v]; cells outside the arrays count as zero.

    a (H1, W1) and b (H2, W2) -> (H1 + H2 - 1, W1 + W2 - 1)
    """
    # BEGIN SOLUTION
    H, W = a.shape
    out = np.zeros((H + b.shape[0] - 1, W + b.shape[1] - 1))
    for (row, column), weight in np.ndenumerate(b):
        out[row : row + H, column : column + W] += weight * a
    return out
    # END SOLUTION


def conv2d_forward(x, w, b, stride=1, padding=0):
    """A convolution layer: at each position the dot product of the window of x with every kernel, not flipped, plus the bias.

    x (N, C, H, W), w (F, C, kh, kw) and b (F,); stride: in both directions; padding: how many zeros on all four sides of x
    Returns (N, F, Ho, Wo), of the dtype of x; windows that stick out are dropped.
    """
    # BEGIN SOLUTION
    kh, kw = w.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("nchwij,fcij->nfhw", windows, w) + b[:, None, None]
    # END SOLUTION


def conv2d_backward(dout, x, w, stride=1, padding=0):
    """The gradients of a loss with respect to the inputs of `conv2d_forward`, from dout, that with respect to its output.

    dout (N, F, Ho, Wo), x (N, C, H, W) and w (F, C, kh, kw); stride and padding as in the forward pass
    Returns dx, like x, dw, like w, and db (F,).
    """
    # BEGIN SOLUTION
    (H, W), (kh, kw), (rows, columns) = x.shape[2:], w.shape[2:], dout.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dx, dw = np.zeros(x.shape, dout.dtype), np.zeros(w.shape, dout.dtype)
    for i in range(kh):
        for j in range(kw):
            seen = np.s_[:, :, i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
            dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, x[seen])
            dx[seen] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
    return dx[:, :, padding : padding + H, padding : padding + W], dw, dout.sum(axis=(0, 2, 3))
    # END SOLUTION


def maxpool2d_backward(dout, x, size, stride):
    """The gradient of max-pooling with respect to its input, from dout, that with respect to its output.

    dout (N, C, Ho, Wo); x (N, C, H, W); size: the side of the windows; stride: pixels from one to the next. There is no padding;
    windows that stick out were dropped. Where a window has several maxima, its gradient goes to the first one, row by row.
    Returns an array like x.
    """
    # BEGIN SOLUTION
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(dout.shape):
        top, left = stride * i, stride * j
        row, column = divmod(x[n, c, top : top + size, left : left + size].argmax(), size)
        dx[n, c, top + row, left + column] += dout[n, c, i, j]
    return dx
    # END SOLUTION


def receptive_field(layers):
    """What one output unit of a stack of convolution or pooling layers sees of the input, along one side.

    layers: a list of (kernel, stride, dilation), the first one next to the input
    Returns size, the side of the region that it sees, and jump, how many input pixels two neighbouring outputs are apart.
    """
    # BEGIN SOLUTION
    size = jump = 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size, jump
    # END SOLUTION


def train_shift_cnn(images, labels, seed=0):
    """A network that reads digits wherever they lie, trained on digits that all lie at the centre.

    images (N, 1, 12, 12) float32 and labels (N,) int64, on any device; seed: an int, for all that is random
    Returns a torch.nn.Module in eval mode on the device of images, (M, 1, 12, 12) -> logits (M, 10), with at most 20000
    parameters.
    """
    # BEGIN SOLUTION
    torch.set_num_threads(1)  # the fastest way for so small a net
    torch.manual_seed(seed)

    def block(channels, maps):
        return nn.Conv2d(channels, maps, 5, padding=2), nn.BatchNorm2d(maps), nn.ReLU()

    net = nn.Sequential(
        *block(1, 8),
        *block(8, 32),
        nn.AdaptiveMaxPool2d(1),  # the largest value of each map, wherever it is
        nn.Flatten(),
        nn.Linear(32, 10),
    ).to(images.device)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(5):
        for batch in torch.randperm(len(labels)).to(images.device).split(40):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(images[batch]), labels[batch])
            loss.backward()
            optimizer.step()
    return net.eval()
    # END SOLUTION
