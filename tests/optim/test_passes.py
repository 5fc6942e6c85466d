"""Steps pass over flat buffers: equal formulas stand side by side, and are one kernel call for all parameters."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import graphnn as gn

# Formulas of one kernel call each, whatever the number of parameters.
PASSES = {
    "momentum": (lambda: gn.optim.SGD(0.1, 0.9), 2),
    "Adam": (lambda: gn.optim.Adam(0.1), 3),
    "AMSGrad": (lambda: gn.optim.Adam(0.1, amsgrad=True), 4),
    "AdaGrad": (lambda: gn.optim.AdaGrad(0.1), 2),
    "RMSProp": (lambda: gn.optim.RMSProp(0.1), 2),
    "Adam with averages": (lambda: gn.optim.Adam(0.1, average=gn.optim.ema(0.9)), 4),
    "Adam with averages now and then": (lambda: gn.optim.Adam(0.1, average=gn.optim.swa(10, 5)), 4),
    "Adam with a clip and a schedule": (
        lambda: gn.optim.Adam(0.1, clip=gn.optim.clip_global_norm(1.0), schedule=gn.optim.cosine(9)), 3),
}  # fmt: skip
# What is made between them is a kernel call for each parameter, and these are the updates that are one call for all.
UPDATES = {
    "AdamW": (lambda: gn.optim.AdamW(0.1), {"blend": 1, "blend_square": 1, "sgd_step": 1}),
    "Lion": (lambda: gn.optim.Lion(0.1, weight_decay=0.1), {"sgd_step": 1}),
    "SignSGD": (lambda: gn.optim.SignSGD(0.1), {"sgd_step": 1}),
    "Nadam": (lambda: gn.optim.Nadam(0.1), {"adam_step": 1, "blend_square": 1}),
    "AdaDelta": (lambda: gn.optim.AdaDelta(), {"blend_square": 2, "sgd_step": 1}),
    "RMSProp with momentum": (lambda: gn.optim.RMSProp(0.1, momentum=0.5), {"blend": 1, "blend_square": 1}),
}


def calls(optimizer, count: int) -> Counter[str]:
    """Kernel calls of a step by op, for a net of so many parameters."""
    rng = np.random.default_rng(0)
    x = h = gn.input("x", ("batch", 8))
    parameters = []
    for k in range(count // 2):
        w, b = gn.parameter(rng.normal(size=(8, 8)), f"w{k}"), gn.parameter(np.zeros(8), f"b{k}")
        parameters += [w, b]
        h = gn.tanh(h @ w + b)
    loss = (h * h).mean()
    program = gn.Program(loss, optimizer.updates(parameters, gn.gradient(loss, parameters), loss))
    pages = program.bind({x: np.ones((4, 8))}).pages
    return Counter(pages.nodes[row].op.name for row in pages.tops if pages.nodes[row].scope)


@pytest.mark.parametrize("name", PASSES)
def test_a_step_costs_as_many_passes_for_twenty_parameters_as_for_two(name: str) -> None:
    make, passes = PASSES[name]
    for count in (2, 20):
        found = calls(make(), count)
        large = sum(found[op] for op in ("sgd_step", "adam_step", "blend", "blend_square"))
        numbers = 1 if "AMSGrad" in name else 0
        assert large + numbers * found["maximum"] == passes, (count, found)


@pytest.mark.parametrize("name", UPDATES)
def test_the_updates_of_all_parameters_are_one_pass_each(name: str) -> None:
    make, expected = UPDATES[name]
    found = calls(make(), 20)
    assert {op: found[op] for op in expected} == expected
