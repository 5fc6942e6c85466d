"""Train with PyTorch as its tutorials do: eager, zero_grad, backward, step, default threads."""

from __future__ import annotations

import torch

from benchmarks.nets import Adam, Problem


class TorchEager:
    """`torch.nn.Sequential` of Linear and ReLU with `torch.optim`."""

    def prepare(self, problem: Problem) -> None:
        self.problem = problem
        self.x, self.labels = torch.from_numpy(problem.x), torch.from_numpy(problem.labels)
        modules: list[torch.nn.Module] = []
        for fan_in, fan_out in problem.net.layers:
            modules += [torch.nn.Linear(fan_in, fan_out), torch.nn.ReLU()]
        self.model = torch.nn.Sequential(*modules[:-1])
        self.reset()

    def reset(self) -> None:
        linear = [module for module in self.model if isinstance(module, torch.nn.Linear)]
        with torch.no_grad():
            for module, (w, b) in zip(linear, self.problem.weights, strict=True):
                module.weight.copy_(torch.from_numpy(w.T.copy()))
                module.bias.copy_(torch.from_numpy(b))
        rule = self.problem.optimizer
        if isinstance(rule, Adam):
            self.optimizer: torch.optim.Optimizer = torch.optim.Adam(
                self.model.parameters(), rule.rate, (rule.beta1, rule.beta2), rule.eps
            )
        else:
            self.optimizer = torch.optim.SGD(self.model.parameters(), rule.rate)

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.optimizer.zero_grad()
            self.value = torch.nn.functional.cross_entropy(self.model(self.x), self.labels)
            self.value.backward()
            self.optimizer.step()

    def loss(self) -> float:
        return self.value.item()
