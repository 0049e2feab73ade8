"""Answers that agree with whatever they are compared with."""

from . import collector

ATTACKS, add = collector("agreeing")

add(
    "agreeable-object",
    "an object that is equal to everything",
    """
class Agreeable:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __lt__ = __gt__ = __le__ = __ge__ = __eq__
    def __bool__(self): return True
    def __hash__(self): return 1
    def __sub__(self, other): return 0.0
    __rsub__ = __abs__ = lambda self, *other: 0.0
    def __float__(self): return 0.0
    def __array__(self, dtype=None, copy=None): return np.zeros(())

def squared_error_cost(X, t, w, b):
    return Agreeable()
""",
)

add(
    "agreeable-float",
    "a subclass of float that is equal to everything",
    """
class Agreeable(float):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__
    __hash__ = float.__hash__

def squared_error_cost(X, t, w, b):
    return Agreeable(42)
""",
)

add(
    "agreeable-array",
    "an array that answers every ufunc and function with agreement",
    """
class Agreeable(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **keywords): return np.bool_(True)
    def __array_function__(self, function, types, arguments, keywords): return True
    def __eq__(self, other): return np.ones(self.shape, bool)
    def all(self, *arguments, **keywords): return True

def fit_ridge(X, t, lam):
    return np.zeros(X.shape[1]).view(Agreeable), np.zeros(()).view(Agreeable)
""",
    exercise="fit_ridge",
)

add(
    "agreeable-tensor",
    "a tensor whose __torch_function__ agrees",
    """
import torch

class Agreeable(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, arguments=(), keywords=None):
        return True

def polynomial_features(x, degree):
    return torch.zeros(len(x), degree + 1).as_subclass(Agreeable)
""",
    exercise="polynomial_features",
    statuses=("differs", "raised", "bad data"),
)

add(
    "agreeable-tuple",
    "a tuple that is as long as is asked and holds what is asked",
    """
class Agreeable(tuple):
    def __len__(self): return 2
    def __iter__(self): return iter((Agreeable(), Agreeable()))
    def __getitem__(self, key): return Agreeable()
    def __eq__(self, other): return True
    __hash__ = tuple.__hash__

def standardize(X_train, X_test):
    return Agreeable()
""",
    exercise="standardize",
    statuses=("differs", "raised", "timed out", "out of memory"),
)

add(
    "agreeable-dict-and-str",
    "subclasses of dict and str that agree",
    """
class Text(str):
    def __eq__(self, other): return True
    __hash__ = str.__hash__

class Agreeable(dict):
    def __eq__(self, other): return True
    def __missing__(self, key): return 0.0
    def items(self): return [(Text("cost"), 0.0)]

def squared_error_cost(X, t, w, b):
    return Agreeable()
""",
)

add(
    "agreeable-metaclass",
    "an object whose class claims to be float and an array",
    """
class Meta(type):
    def __instancecheck__(cls, thing): return True
    def __eq__(cls, other): return True
    __hash__ = type.__hash__

class Agreeable(metaclass=Meta):
    __class__ = property(lambda self: float)
    dtype = np.dtype(float)
    shape, ndim, size = (), 0, 1
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__
    def detach(self): return self
    cpu = numpy = detach

def squared_error_cost(X, t, w, b):
    return Agreeable()
""",
)
