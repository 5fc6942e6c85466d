# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 17. Batch normalisation
#
# Lesson 13 scaled the data before they enter the network. Batch normalisation does the same **inside** the network, between the layers, with the
# mean and the spread of the present batch. It makes deep networks trainable; and like dropout it does one thing in training and another
# in use.
#
# **After this lesson you can**
#
# - compute batch normalisation by hand, with scale and shift,
# - say what its gradient removes, and why,
# - explain running statistics, and draw the two graphs, training and inference.
#
# Time: about 35 minutes. You need: lessons 7, 12 and 13.

# %%
import numpy as np

import graphnn as gn
import viz

# %% [markdown]
# ## By hand
#
# For each feature: subtract the mean of the batch, divide by its spread. Then multiply by a **scale** γ and add a **shift** β, which are
# learnt: the layer may undo what was done, if that is better.
#
# $$ y = \gamma \, \frac{x - \text{mean}}{\sqrt{\text{variance} + \epsilon}} + \beta $$

# %%
x = gn.input("x", ("batch", 3), "float64")
mean = gn.mean(x, axis=0).named("mean")
centred = (x - mean).named("centred")
spread = gn.sqrt(gn.mean(gn.square(centred), axis=0) + 1e-5).named("spread")
normal = (centred / spread).named("normal")
viz.draw(normal, view="shapes", hide=["broadcasts", "constants"], direction="TB")

# %%
rows = np.random.default_rng(0).normal([5.0, -100.0, 0.1], [1.0, 30.0, 0.2], size=(6, 3))
out = gn.trace(normal, {x: rows}).value(normal)
print("mean  ", np.round(out.mean(axis=0), 6))
print("spread", np.round(out.std(axis=0), 3))

# %% [markdown]
# Three features of quite different sizes come out alike. (The ε keeps the division safe where the spread is 0.)
#
# > Every example of the batch is changed by the *other* examples. If all rows grow by 7, what happens to the result? And if all
# are multiplied by 3?

# %%
for name, moved in {"7 more": rows + 7.0, "3 times": rows * 3.0}.items():
    print(
        name,
        f"moves the result by at most {np.abs(gn.trace(normal, {x: moved}).value(normal) - out).max():.0e}",
    )

# %% [markdown]
# ## The gradient
#
# Nothing, but for rounding and for ε. Since a common shift changes nothing, the gradient can have no part that shifts all rows together: its mean is 0. And since a common factor
# changes nothing, it has no part along the values themselves, either. Whatever arrives, these two parts are taken out.

# %%
weights = gn.input("weights", ("batch", 3), "float64")
loss = gn.sum(normal * weights).named("loss")
run = gn.trace(loss, {x: rows, weights: np.random.default_rng(1).normal(size=(6, 3))})
gradient = run.gradient(x)
print("arrives, mean:    ", np.round(run.gradient(normal).mean(axis=0), 3))
print("leaves, mean:     ", np.round(gradient.mean(axis=0), 12))
print("leaves, along x̂: ", np.round((gradient * run.value(normal)).mean(axis=0), 3))

# %% [markdown]
# (In the third feature, whose spread is smallest, ε leaves a trace.)
#
# ## The layer, in training and in use
#
# When the network is used, there may be a single example, and its answer must not depend on who else is in the batch. So during training the
# layer keeps **running** means and variances, and uses those later. In graphnn these are two graphs. The first *writes* the running numbers
# (`with_update`), the second *reads* them.

# %%
layer = gn.nn.BatchNorm()
inputs = gn.input("x", ("batch", 3))
training, inference = (gn.Graph(layer(inputs, training=flag).named("y")) for flag in (True, False))
viz.draw(training, title="training", depth=2, hide=["constants", "broadcasts"], direction="TB")

# %%
viz.draw(inference, title="inference", depth=2, hide=["constants", "broadcasts"], direction="TB")

# %% [markdown]
# > Only one of the two has boxes `with_update`. What do they write, and when is it read?
#
# Watch the running mean come near the true one. In each step it moves a tenth of the way (`momentum=0.1`).

# %%
output = training.outputs[0]
step = gn.Program(output, updates=gn.state_updates(output))
running = next(p for p in training.parameters if p.name == "mean")
draw = np.random.default_rng(2)
for count in range(1, 41):
    step.run({inputs: draw.normal([5.0, -2.0, 0.5], 1.0, size=(32, 3)).astype(np.float32)})
    if count in (1, 5, 10, 20, 40):
        print(f"after {count:2} batches:", np.round(running.value, 2))

# %% [markdown]
# ## What it is good for
#
# A deep network with sigmoids, as in lesson 12: without and with batch normalisation between product and bend.

# %%
moons = gn.data.moons(300, noise=0.15, seed=0)
histories = {}
for name in ("without", "with batch norm"):
    layers = []
    for _ in range(5):
        layers.append(gn.nn.Dense(16))
        if name != "without":
            layers.append(gn.nn.BatchNorm())
        layers.append(gn.sigmoid)
    trainer = gn.Trainer.classifier(
        gn.nn.Sequential([*layers, gn.nn.Dense(2)], seed=3), 2, 2, gn.optim.SGD(0.2)
    )
    histories[name] = trainer.fit(moons, epochs=60, batch=50, progress=False)
viz.training_curve(histories, measures=["loss"])

# %% [markdown]
# Where the plain network does not move at all, the normalised one learns: whatever the layers before do, each bend gets numbers around 0, where
# its slope is steep.
#
# ## Where it does not fit
#
# With a batch of a single example there is no spread. In recurrent networks (lesson 20) each time step has statistics of its own. There one
# normalises over the features of each example instead: **layer normalisation**, which needs no batch and no running numbers.

# %%
each = gn.nn.LayerNorm()(inputs)
value = gn.trace(each, {inputs: rows.astype(np.float32)}).value(each)
print(np.round(value.mean(axis=1), 3), np.round(value.std(axis=1), 3))

# %% [markdown]
# **What to keep:** the mean and the spread of the batch in training, running ones in use; scale and shift are learnt; the gradient loses what
# the normalisation ignores.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** A feature has the values 1, 3, 5, 7 in a batch. What becomes of the 7? (Take ε = 0, γ = 1, β = 0, and the variance as the mean
# of the squares.)

# %%
answer = ...
gn.learn.check("17-1", answer)

# %% [markdown]
# **2.** The running mean is 10, the mean of this batch is 20, and the momentum is 0.1. What is the running mean afterwards?

# %%
answer = ...
gn.learn.check("17-2", answer)

# %% [markdown]
# **3.** A trained network gives another answer for an image when other images are in the batch. What was forgotten: `"to scale the data"`,
# `"to use the inference graph"` or `"to shuffle"`?

# %%
answer = ...
gn.learn.check("17-3", answer)

# %% [markdown]
# **4.** Write a function `answer(x, scale, shift)` for a NumPy array x (rows, features): batch normalisation with ε = 0.

# %%
answer = ...
gn.learn.check("17-4", answer)
