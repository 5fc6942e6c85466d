# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 13. Where training starts: first weights and scaled data
#
# Training is a walk, and a walk can be spoilt by where it begins. First weights that are all equal, too large or too small, and inputs
# in wild units, each stop a network that is otherwise right.
#
# **After this lesson you can**
#
# - say why weights must not start at zero,
# - choose first weights by the size of a layer (Xavier, He), and see by the flow of numbers whether they fit,
# - scale data, and show on the loss surface what it does.
#
# Time: about 40 minutes. You need: lessons 11 and 12.

# %%
import numpy as np

import graphnn as gn
import viz

# %% [markdown]
# ## All zero
#
# The simplest start is zero everywhere.
#
# > Two hidden units with the same weights, all zero. Which gradients do their weights get? Can they ever become different?

# %%
x = gn.input("x", ("batch", 2), "float64")
y = gn.input("y", ("batch", 1), "float64")
xor = {"x": [[0, 0], [0, 1], [1, 0], [1, 1]], "y": [[0], [1], [1], [0]]}


def two_layers(weight_init):
    hidden = gn.nn.Dense(2, gn.tanh, weight_init=weight_init, name="hidden", seed=1)
    out = gn.nn.Dense(1, weight_init=weight_init, name="out", seed=2)
    return gn.mean_squared_error(out(hidden(x)), y).named("loss")


loss = two_layers(gn.init.zeros)
viz.draw(gn.trace(loss, xor), view="values+gradients", hide="broadcasts", direction="TB")

# %% [markdown]
# All *weights* get the gradient 0 (only the last bias moves): the first layer because the second is 0, the second because the first gives 0. And if all weights are
# equal, but not 0? Then both units get the **same** gradient, and stay twins for ever:

# %%
twins = two_layers(gn.init.constant(0.5))
trainer = gn.Trainer(twins, gn.optim.SGD(0.5))
trainer.fit({k: np.array(v, float) for k, v in xor.items()}, epochs=200, batch=4, progress=False)
print(next(p for p in gn.Graph(twins).parameters if p.shape == (2, 2)).value)

# %% [markdown]
# Both columns are the same. Two hidden units count as one. So first weights are **drawn at random**: that makes the units different.
#
# ## How large?
#
# Follow numbers through ten layers of 100 tanh units, with random weights of three sizes.
#
# > With weights of size 0.01: what happens to the numbers from layer to layer? And with size 1?


# %%
def flow(weight_init, activation=gn.tanh, depth=10, width=100):
    node = inputs = gn.input("x", ("batch", width), "float64")
    layers = []
    for k in range(depth):
        node = gn.nn.Dense(width, activation, weight_init=weight_init, seed=k, name=f"layer{k}")(node)
        layers.append(node)
    total = gn.mean(gn.square(node)).named("loss")
    run = gn.trace(total, {inputs: np.random.default_rng(0).normal(size=(200, width))})
    return [run.value(n).std() for n in layers], [np.abs(run.gradient(n)).mean() for n in layers]


for name, rule in {
    "size 0.01": gn.init.normal(0.01),
    "size 1": gn.init.normal(1.0),
    "Xavier": gn.init.xavier,
}.items():
    values, gradients = flow(rule)
    print(f"{name:10} spread of values", " ".join(f"{v:.0e}" for v in values))
    print(f"{'':10} size of gradients ", " ".join(f"{g:.0e}" for g in gradients))

# %% [markdown]
# - Too small: the numbers die out, and so do the gradients.
# - Too large: every tanh is saturated near −1 or 1. The values look fine; but read the gradients from right to left, the way they
#   travel: they grow from layer to layer.
# - In between there is a size at which values and gradients both nearly keep their size. It depends on the width of the layer: the sum of
#   n random terms has the spread √n times that of one term. **Xavier's** rule divides by it: spread √(2 / (inputs + outputs)).
#
# relu passes only half of the numbers on. **He's** rule makes up for it: √(2 / inputs).

# %%
for name, rule in {"Xavier": gn.init.xavier, "He": gn.init.he}.items():
    values, _ = flow(rule, gn.relu)
    print(f"relu, {name:6} spread of values", " ".join(f"{v:.2f}" for v in values))

# %% [markdown]
# A `gn.nn.Dense` layer chooses He's rule by itself when its activation is relu, and Xavier's otherwise. In the picture of a run, look at the
# spread (the number after ±) from layer to layer:

# %%
deep = gn.nn.Sequential([gn.nn.Dense(16, gn.relu) for _ in range(2)], seed=0)
inputs = gn.input("x", ("batch", 16), "float64")
run = gn.trace(gn.mean(deep(inputs)), {inputs: np.random.default_rng(0).normal(size=(50, 16))})
viz.draw(run, view="values", hide="broadcasts", direction="TB")

# %% [markdown]
# ## The data's own size
#
# Inputs come in units: one feature counts years, another one euros. A weight that meets large numbers has large gradients.
#
# Here is a line fitted to data with two features, of which one has numbers about six times as large as the other. The loss surface:

# %%
draw = np.random.default_rng(1)
raw = np.column_stack([draw.normal(0, 1, 100), draw.normal(0, 6, 100)])
target = raw @ np.array([1.0, 0.5])


def surface(rows, rate, span):
    a, b = gn.scalar(0.0, "w1"), gn.scalar(0.0, "w2")
    features = gn.input("rows", ("batch", 2), "float64")
    wanted = gn.input("wanted", ("batch",), "float64")
    error = a * features[:, 0] + b * features[:, 1] - wanted
    bowl = gn.mean(gn.square(error)).named("loss")
    data = {features: rows, wanted: target}
    return viz.surface(bowl, [a, b], paths={"SGD": gn.optim.SGD(rate)}, steps=30, data=data, span=span)


surface(raw, 0.025, ((-0.5, 2.0), (-0.5, 1.5)))

# %% [markdown]
# A narrow valley. The steps jump from wall to wall in one direction, and hardly move in the other. With a smaller rate it would not
# jump, and would crawl even more slowly along the valley.
#
# > Divide each feature by its spread. What does the valley become?

# %%
scaled = raw / raw.std(axis=0)
surface(scaled, 0.3, ((-1.0, 3.0), (-0.5, 3.5)))

# %% [markdown]
# A round bowl: the same rate suits both directions. With `gn.data.standardize` you get the scaling of the **training** part, to be used
# for all parts, and for every example that comes later:

# %%
wine = gn.data.wine()
train, test = gn.data.split(wine, 0.3, seed=0)
scaling = gn.data.standardize(train)
for name, part in {"raw": (train, test), "scaled": (scaling(train), scaling(test))}.items():
    net = gn.nn.Sequential([gn.nn.Dense(16, gn.relu), gn.nn.Dense(3)], seed=0)
    trainer = gn.Trainer.classifier(net, 13, 3, gn.optim.SGD(0.05))
    trainer.fit(part[0], epochs=40, batch=16, progress=False)
    print(f"{name:7} right on the test part: {trainer.evaluate(part[1])['accuracy']:.2f}")

# %% [markdown]
# **What to keep:** random, and of a size that fits the layer; scaled data; and when in doubt, look at the spread from layer to layer.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** He's rule: which standard deviation have the first weights of a relu layer with 50 inputs?

# %%
answer = ...
gn.learn.check("13-1", answer)

# %% [markdown]
# **2.** All weights of a network start at the same number, 0.3. After training, the hidden units of a layer are: `"different"`,
# `"equal"` or `"zero"`?

# %%
answer = ...
gn.learn.check("13-2", answer)

# %% [markdown]
# **3.** Write a function `answer(train, test)` of two NumPy arrays (rows, features) that returns both, standardised, as a pair. The
# scaling comes from the training rows only.

# %%
answer = ...
gn.learn.check("13-3", answer)

# %% [markdown]
# **4.** A sum of 400 independent random terms, each with spread 1, has which spread?

# %%
answer = ...
gn.learn.check("13-4", answer)
