"""Solutions of lecture 04, backpropagation. An error signal has the shape of its quantity; W is (outputs, inputs)."""

import numpy as np


def logistic_squares_backward(x, t, w, b, lam):
    """The loss 1/2 (logistic(w x + b) - t)^2 + lam/2 w^2 and its derivatives, for pre-activations of any size.

    x, t, w, b, lam: numbers -> the loss, dw and db, three numbers
    """
    # BEGIN SOLUTION
    z = w * x + b
    y = (1 + np.tanh(z / 2)) / 2
    loss = (y - t) ** 2 / 2 + lam * w**2 / 2
    dz = (y - t) * y * (1 - y)
    return loss, dz * x + lam * w, dz
    # END SOLUTION


def linear_backward(X, W, dY):
    """The error signals of X, W and b, where Y = X W^T + b. Nothing is averaged here.

    X (N, D), W (K, D), dY (N, K), the error signal of Y -> dX (N, D), dW (K, D) and db (K,)
    """
    # BEGIN SOLUTION
    return dY @ W, dY.T @ X, dY.sum(axis=0)
    # END SOLUTION


def softmax_backward(Z, dY):
    """The error signal of Z, where Y is the softmax of Z along the last axis.

    Z (..., K), logits of any size, dY (..., K), the error signal of Y -> dZ (..., K)
    """
    # BEGIN SOLUTION
    y = np.exp(Z - Z.max(axis=-1, keepdims=True))
    y = y / y.sum(axis=-1, keepdims=True)
    return y * (dY - (y * dY).sum(axis=-1, keepdims=True))
    # END SOLUTION


def graph_backward(n, edges):
    """The derivative of the last node by every node of a computation graph.

    n: the number of nodes, 0 to n - 1 in topological order; edges: a list of (i, j, d), in any order: node j > i uses
    node i, and the local derivative is d -> bar (n,), where bar[i] is d v_{n-1} / d v_i
    """
    # BEGIN SOLUTION
    bar = np.zeros(n)
    bar[-1] = 1.0
    # an edge is passed once its end j has heard from all its children, which have larger numbers
    for i, j, d in sorted(edges, key=lambda edge: edge[1], reverse=True):
        bar[i] += d * bar[j]
    return bar
    # END SOLUTION


def numerical_gradient(f, x, h=1e-5):
    """The central-difference estimate of the gradient of f at x.

    f: takes a float64 array of the shape of x, returns a number; x: an array of any shape, also of integers, which is
    unchanged afterwards; h: the step to either side -> the gradient, float64, in the shape of x
    """
    # BEGIN SOLUTION
    x = np.array(x, dtype=np.float64)
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        old = x[place]
        x[place] = old + h
        above = f(x)
        x[place] = old - h
        below = f(x)
        x[place] = old
        gradient[place] = (above - below) / (2 * h)
    return gradient
    # END SOLUTION


def mlp_loss_and_gradients(X, labels, weights, biases):
    """The mean softmax cross-entropy (natural logarithm) of a ReLU network, and its gradients.

    X (N, D), labels (N,) integers from 0 to K-1, weights a list of arrays (outputs, inputs), biases a list of arrays
    (outputs,); ReLU follows every layer but the last, its derivative at 0 is 0
    -> the loss, a number, and dweights and dbiases, lists in the order and shapes of weights and biases
    """
    # BEGIN SOLUTION
    hs = [X]  # what goes into each layer
    for W, b in zip(weights, biases, strict=True):
        z = hs[-1] @ W.T + b
        hs.append(np.maximum(z, 0))
    z = z - z.max(axis=1, keepdims=True)  # the logits, which no ReLU follows
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    right = np.arange(len(X)), labels
    loss = -log_p[right].mean()

    dz = np.exp(log_p)
    dz[right] -= 1
    dz /= len(X)
    dweights, dbiases = [], []
    for layer in range(len(weights) - 1, -1, -1):
        dweights.insert(0, dz.T @ hs[layer])
        dbiases.insert(0, dz.sum(axis=0))
        if layer > 0:
            dz = (dz @ weights[layer]) * (hs[layer] > 0)
    return loss, dweights, dbiases
    # END SOLUTION


def train_mlp(X, labels, weights, biases, lr, batches):
    """Gradient descent on minibatches, on the mean softmax cross-entropy of a ReLU network.

    X (N, D), labels (N,) integers; weights and biases: the network to start from, two lists, which stay as they are;
    lr: the learning rate; batches: a list of integer arrays, the examples of each step in turn
    -> the trained weights and biases, two lists, and losses (len(batches),): of each minibatch before its step
    """
    # BEGIN SOLUTION
    weights, biases = [1.0 * W for W in weights], [1.0 * b for b in biases]
    losses = []
    for batch in batches:
        loss, dweights, dbiases = mlp_loss_and_gradients(X[batch], labels[batch], weights, biases)
        losses.append(loss)
        for parameter, gradient in zip(weights + biases, dweights + dbiases, strict=True):
            parameter -= lr * gradient
    return weights, biases, np.array(losses)
    # END SOLUTION


def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    """The Hessian at x times v, as the central difference of the gradient along the unit vector v/||v||, times ||v||.

    grad_fn: takes a point (D,), returns the gradient there, (D,); to be called at most 4 times
    x (D,), v (D,), eps: the distance to either side of x -> (D,), zero for v = 0
    """
    # BEGIN SOLUTION
    length = np.linalg.norm(v)
    if length == 0:
        return np.zeros(len(x))
    step = eps * v / length
    return (grad_fn(x + step) - grad_fn(x - step)) / (2 * eps) * length
    # END SOLUTION
