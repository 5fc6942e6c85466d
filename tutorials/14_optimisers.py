# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 14. Optimisers on surfaces
#
# The gradient says which way is down, here and now. How to walk is another question. On surfaces with two parameters you can watch
# walkers: how they crawl through valleys, hang on saddles, overshoot, and how memory helps them.
#
# **After this lesson you can**
#
# - do a step of gradient descent, of momentum and of Adam by hand,
# - say what each of them remembers, and which difficulty that is for,
# - tell a minimum, a saddle and a plateau apart, and see what each does to a walker.
#
# Time: about 40 minutes. You need: lessons 10 and 13.

# %%

import graphnn as gn
import viz

# %% [markdown]
# ## A valley
#
# This surface has a narrow, bent valley. The lowest point lies at (1, 1). (It is a mild form of Rosenbrock's function, 1960.)

# %%
x, y = gn.parameter(-1.2, "x", "float64"), gn.parameter(1.0, "y", "float64")
valley = (gn.square(1.0 - x) + 10.0 * gn.square(y - x * x)).named("loss")
viz.surface(valley, [x, y], paths={"SGD": gn.optim.SGD(0.01)}, span=((-2, 2), (-1, 3)), kind="both", grid=41)

# %% [markdown]
# Plain descent (SGD, *stochastic gradient descent*, whose name comes from drawing examples at random) runs down the wall, and then creeps
# along the floor, where the slope is small.
#
# ## Momentum
#
# A ball that rolls down keeps its speed. **Momentum** does so: it keeps a running sum of gradients, the *velocity*, and walks along it.
#
# $$ v \leftarrow \mu v + g, \qquad w \leftarrow w - \eta v $$
#
# > Along the valley the gradients point the same way in every step; across it they change sign. What happens to each in the sum?

# %%
ways = {
    "SGD": gn.optim.SGD(0.01),
    "momentum 0.9": gn.optim.SGD(0.01, momentum=0.9),
    "Nesterov 0.9": gn.optim.SGD(0.01, momentum=0.9, nesterov=True),
}
viz.surface(valley, [x, y], paths=ways, span=((-2, 2), (-1, 3)), grid=41)

# %% [markdown]
# What points the same way adds up, what swings cancels. The walker runs along the valley, and now and then overshoots. **Nesterov**'s form of
# momentum takes the gradient where the velocity is about to carry it, so it brakes a little earlier.
#
# ## Steps of one size
#
# The slope in one direction may be a thousand times that in another. **Adam** (Kingma and Ba 2015) remembers two running means for each
# parameter: of the gradient, m, and of its square, v. It walks by m / √v: a large and a small gradient give steps of about the same
# size, roughly the learning rate. *AdaGrad* and *RMSProp* divide as well, without the m; *SignSGD* takes only the sign.

# %%
ways = {
    "momentum": gn.optim.SGD(0.01, momentum=0.9),
    "RMSProp": gn.optim.RMSProp(0.05),
    "Adam": gn.optim.Adam(0.1),
    "SignSGD": gn.optim.SignSGD(0.05),
}
viz.surface(valley, [x, y], paths=ways, span=((-2, 2), (-1, 3)), grid=41)

# %% [markdown]
# With these rates none of the others comes as far as momentum in 60 steps: read the losses in the legend. The steps of SignSGD never get
# shorter, so it jumps from wall to wall and stays.
#
# ## A saddle
#
# At a **saddle** the surface falls in one direction and rises in another, and in the middle the gradient is 0. Both walkers start almost on
# the ridge.
#
# > The gradient is nearly 0 there. Will they ever come down?

# %%
u, v = gn.parameter(-1.0, "u", "float64"), gn.parameter(0.02, "v", "float64")
saddle = (gn.square(u) - gn.square(v) + 0.3 * gn.square(gn.square(v))).named("loss")
ways = {"SGD": gn.optim.SGD(0.05), "Adam": gn.optim.Adam(0.05)}
viz.surface(saddle, [u, v], paths=ways, steps=60, kind="3d", grid=31)

# %% [markdown]
# They do: the smallest deviation grows. Adam, whose steps do not shrink with the gradient, turns off at once;
# SGD slides towards the middle first. In networks with many parameters
# points with gradient 0 are nearly always saddles: that *all* directions rise is rare.
#
# ## A plateau
#
# On a **plateau** the surface is flat all around, and the gradient is nearly 0 in every direction. The pit lies at (0, 0), far away.
#
# > One walker takes steps in proportion to the gradient, the other steps of about one size. Who gets away?

# %%
c, d = gn.parameter(2.2, "c", "float64"), gn.parameter(1.2, "d", "float64")
flat = (1.0 - gn.exp(-gn.square(c) - gn.square(d))).named("loss")
ways = {"SGD": gn.optim.SGD(0.1), "Adam": gn.optim.Adam(0.1)}
viz.surface(flat, [c, d], paths=ways, span=((-1, 3), (-2, 2)), grid=41)

# %% [markdown]
# SGD hardly leaves its start. Adam divides the small gradient by its own size, and walks.
#
# ## Two minima
#
# This curve has a shallow dip at the left and a deep one at the right. Where a walker ends depends on where it starts, and on its speed.

# %%
p = gn.parameter(-1.6, "p", "float64")
q = gn.parameter(0.0, "q", "float64")
dips = (0.25 * p**4 - 0.7 * gn.square(p) - 0.25 * p + gn.square(q)).named("loss")
ways = {"SGD": gn.optim.SGD(0.05), "momentum 0.95": gn.optim.SGD(0.05, momentum=0.95)}
viz.surface(dips, [p, q], paths=ways, steps=80, span=((-2.2, 2.2), (-1, 1)), grid=41)

# %% [markdown]
# ## A step is a graph
#
# An optimiser is no magic: a few nodes for each parameter. Here is one step of gradient descent with its loss, gradient and update.

# %%
w = gn.parameter(0.5, "w", "float64")
loss = gn.square(w * 2.0 - 3.0).named("loss")
viz.draw(gn.Trainer(loss, gn.optim.SGD(0.1)), view="step", hide=["constants", "casts"], direction="TB")

# %% [markdown]
# And momentum: one more number is kept beside the weight, and updated in each step.

# %%
viz.draw(
    gn.Trainer(loss, gn.optim.SGD(0.1, momentum=0.9)),
    view="step",
    hide=["constants", "casts"],
    direction="TB",
)

# %% [markdown]
# > By hand: w = 0.5, the loss is (2w − 3)². What is the slope, and where does one SGD step with rate 0.1 lead?

# %%
trainer = gn.Trainer(loss, gn.optim.SGD(0.1))
slope = float(gn.gradient(loss, w).value)
trainer.step({})
print("slope", slope, "  after one step", round(float(w.value), 6))

# %% [markdown]
# ## On real data
#
# The digits again, a small network, several optimisers with usual rates. Nothing is tuned: change the rates and run it again.

# %%
train, test = gn.data.split(gn.data.digits(), 0.3, seed=0)
histories = {}
for name, optimizer in {
    "SGD": gn.optim.SGD(0.1),
    "momentum": gn.optim.SGD(0.1, momentum=0.9),
    "Adam": gn.optim.Adam(0.01),
    "AdaGrad": gn.optim.AdaGrad(0.05),
}.items():
    net = gn.nn.Sequential([gn.nn.Dense(32, gn.relu), gn.nn.Dense(10)], seed=1)
    trainer = gn.Trainer.classifier(net, 64, 10, optimizer)
    histories[name] = trainer.fit(train, epochs=10, batch=32, progress=False)
viz.training_curve(histories, measures=["loss"])

# %% [markdown]
# **What to keep:** momentum adds up what stays the same and cancels what swings; Adam gives each parameter a step of its own; points without
# slope are mostly saddles.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** Momentum with μ = 0.9: the velocity is 2 and the gradient is 1. What is the new velocity, by v ← μ v + g?

# %%
answer = ...
gn.learn.check("14-1", answer)

# %% [markdown]
# **2.** The gradient is 1 in every step, μ = 0.9. Towards which number does the velocity grow?

# %%
answer = ...
gn.learn.check("14-2", answer)

# %% [markdown]
# **3.** At a point the gradient is 0; along one direction the surface is curved upwards, along another downwards. It is: `"a minimum"`,
# `"a saddle"` or `"a plateau"`?

# %%
answer = ...
gn.learn.check("14-3", answer)

# %% [markdown]
# **4.** Write one step of momentum as a function `answer(w, v, g, rate, mu)` that returns the pair (new w, new v).

# %%
answer = ...
gn.learn.check("14-4", answer)

# %% [markdown]
# **5.** Find an optimiser that comes below a loss of 0.01 in the valley within 100 steps, from (−1.2, 1). Answer with it, for example
# `gn.optim.Adam(0.1)`; it is tried on the surface.

# %%
answer = ...
gn.learn.check("14-5", answer)
