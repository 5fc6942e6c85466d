"""Activations in PyTorch; where PyTorch takes knobs as numbers only, its formula is written out."""

from __future__ import annotations

import math

from op_facts.registry import twin

FUNCTIONAL = {
    "relu": "relu", "softplus": "softplus", "silu": "silu", "mish": "mish", "hardswish": "hardswish",
    "logsigmoid": "logsigmoid", "gelu": "gelu", "relu6": "relu6", "selu": "selu", "softsign": "softsign",
    "tanhshrink": "tanhshrink",
}  # fmt: skip
for _name, _theirs in FUNCTIONAL.items():

    def _functional(torch, x, theirs=_theirs):
        return getattr(torch.nn.functional, theirs)(x)

    twin(_name)(_functional)


@twin("sigmoid")
def sigmoid(torch, x):
    return torch.sigmoid(x)


@twin("step")
def step(torch, x):
    return (x > 0).to(x.dtype)


@twin("leaky_relu", "prelu")
def leaky_relu(torch, x, slope):
    return torch.where(x > 0, x, slope * x)


@twin("elu")
def elu(torch, x, alpha):
    return torch.where(x > 0, x, alpha * torch.expm1(torch.clamp(x, max=0.0)))


@twin("celu")
def celu(torch, x, alpha):
    below = torch.where(x > 0, 0.0, x)
    return torch.where(x > 0, x, alpha * torch.expm1(below / alpha))


@twin("thresholded_relu")
def thresholded_relu(torch, x, alpha):
    return torch.where(x > alpha, x, 0.0)


@twin("hardtanh")
def hardtanh(torch, x, low, high):
    return torch.clamp(x, low, high)


@twin("hard_sigmoid")
def hard_sigmoid(torch, x, alpha, beta):
    return torch.clamp(alpha * x + beta, 0.0, 1.0)


@twin("softshrink")
def softshrink(torch, x, lambd):
    return x - torch.clamp(x, -lambd, lambd)


@twin("hardshrink")
def hardshrink(torch, x, lambd):
    return torch.where(torch.abs(x) > lambd, x, 0.0)


@twin("gelu_slope")
def gelu_slope(torch, x):
    density = torch.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
    return 0.5 * (1.0 + torch.erf(x / math.sqrt(2.0))) + x * density


@twin("gelu_tanh")
def gelu_tanh(torch, x):
    return torch.nn.functional.gelu(x, approximate="tanh")


@twin("gelu_tanh_slope")
def gelu_tanh_slope(torch, x):
    bend = math.sqrt(2.0 / math.pi)
    t = torch.tanh(bend * (x + 0.044715 * x**3))
    return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * bend * (1.0 + 0.134145 * x * x)
