# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 12. Activations, and gradients that vanish
#
# Between two layers stands a bend, the **activation**. Without it many layers are no more than one. But every bend multiplies the
# gradient by its slope, and a product of many small factors is nearly nothing: for decades this kept networks shallow.
#
# **After this lesson you can**
#
# - say why there must be a bend at all,
# - say what width and depth are good for,
# - compare activations by their curve *and* by their slope,
# - see in a picture where a gradient dies, and say of what: saturation, dead units, or depth.
#
# Time: about 45 minutes. You need: lessons 3, 7 and 8.

# %%
import numpy as np

import graphnn as gn
import viz

# %% [markdown]
# ## Why a bend?
#
# Two layers without one:

# %%
draw = np.random.default_rng(0)
rows = draw.normal(size=(5, 3))
first, second = draw.normal(size=(3, 4)), draw.normal(size=(4, 2))
print(np.allclose((rows @ first) @ second, rows @ (first @ second)))

# %% [markdown]
# The product of the two matrices is a matrix: two straight layers are one straight layer. Whatever is to be learnt beyond lines and planes
# needs a bend in between.
#
# With a bend, a layer of relu units draws a curve of straight pieces, one corner for each unit. Given enough units, it comes as near as
# one likes to any curve: this is the **universal approximation** theorem (Cybenko 1989). It does not say how many that are. Three waves,
# and four networks with one output:
#
# > Which is better: 128 units in one layer, or three layers of 8? Which has more parameters?

# %%
waves = gn.data.sine(200, noise=0.05, periods=3.0, seed=0)
fits = {}
for name, widths in {"2": [2], "8": [8], "128": [128], "8 + 8 + 8": [8, 8, 8]}.items():
    layers = [gn.nn.Dense(width, gn.relu) for width in widths]
    trainer = gn.Trainer.regressor(
        gn.nn.Sequential([*layers, gn.nn.Dense(1)], seed=0), 1, 1, gn.optim.Adam(0.01)
    )
    trainer.fit(waves, epochs=1000, batch=20, progress=False)
    count = sum(parameter.value.size for parameter in gn.Graph(trainer.loss).parameters)
    print(f"{name:9} {count:4} parameters, R2 {trainer.evaluate(waves)['R2']:.3f}")
    fits[name] = trainer
viz.fit_curve(fits["8"], waves)

# %%
viz.fit_curve(fits["8 + 8 + 8"], waves)

# %% [markdown]
# (R2 is 1 for a perfect fit, and 0 for one that is no better than the mean.) Width helps, and depth does the same with fewer parameters: the
# corners of one layer are bent again by the next. That is why one wants depth. Now to what it costs.
#
# ## The curves and their slopes
#
# > Before you look: which of sigmoid, tanh and relu has a slope that is never larger than a quarter? Which has slope 0 on a whole half
# > of the axis?

# %%
viz.curve({"sigmoid": gn.sigmoid, "tanh": gn.tanh, "relu": gn.relu})

# %% [markdown]
# - The slope of the **sigmoid** is at most 0.25, in the middle. To the left and right it is nearly 0: there the unit is *saturated*.
# - **tanh** reaches a slope of 1, and saturates as well.
# - **relu** has slope 1 on the right, all the way. On the left it is 0: a unit that is negative for every example is *dead*.
#
# Some newer bends keep a little slope on the left:

# %%
viz.curve(
    {"leaky relu": lambda node: gn.leaky_relu(node, 0.1), "elu": gn.elu, "gelu": gn.gelu, "silu": gn.silu}
)

# %% [markdown]
# Two more have a place in history. The **step** of lesson 9 has slope 0 everywhere. **Noisy relu** (Nair and Hinton 2010) adds a random
# number before it cuts: so a unit that is just below 0 sometimes gets a gradient. It is used in training only. The same four totals, twice:

# %%
totals = gn.constant([-2.0, -0.5, 0.5, 2.0], "float64")
for draw_number in range(2):
    noisy = gn.noisy_relu(totals, 0.5, draw_number, seed=0)
    print(np.round(gn.trace(noisy).value(noisy), 2))

# %% [markdown]
# ## A product of many factors
#
# A gradient that travels back through ten layers passes ten bends. With the sigmoid each of them multiplies it by a quarter at best.
#
# > 0.25 to the power of ten: more or less than a millionth?

# %%
x = gn.input("x", (), "float64")
y = x
slopes = []
for _ in range(10):
    y = gn.sigmoid(y)
    slopes.append(gn.gradient(y, x))
print(" ".join(f"{float(value):.1e}" for value in gn.Program(slopes).run({x: 0.5})))

# %% [markdown]
# ## In a network
#
# Two networks of eight hidden layers, alike but for the bend, on the same data and on one scale. The picture shows each layer as a box, and the
# gradient that flows back through it. The legend says from which size on a gradient counts as vanished.
#
# > In which of the two will the first layers get a gradient?

# %%
inputs = gn.input("x", ("batch", 16), "float64")
losses = {}
for name, activation in {"sigmoid net": gn.sigmoid, "relu net": gn.relu}.items():
    hidden = [gn.nn.Dense(16, activation, weight_init=gn.init.he) for _ in range(8)]
    net = gn.nn.Sequential([*hidden, gn.nn.Dense(1)], name=name, seed=0)
    losses[name] = gn.mean(gn.square(net(inputs)))
both = (losses["sigmoid net"] + losses["relu net"]).named("loss")
batch = np.random.default_rng(0).normal(size=(16, 16))
viz.draw(gn.trace(both, {inputs: batch}), view="flow+health", depth=2, repeats=False, direction="TB")

# %% [markdown]
# The wires of the relu network keep their width; those of the sigmoid network become hairlines. (In the relu network some units are dead, which
# the picture marks as well. The gradient comes through all the same; more of them below.) The same in numbers: the mean size of the gradient of
# each layer's weights, from the first layer to the last.

# %%
for name, loss in losses.items():
    run = gn.trace(loss, {inputs: batch})
    sizes = [np.abs(run.gradient(p)).mean() for p in run.graph.parameters if p.name == "w"]
    print(f"{name:12}", " ".join(f"{size:.0e}" for size in sizes))

# %% [markdown]
# In the sigmoid network the last layers learn and the first ones do not: they stay as random as they were. The network is deep in name
# only.

# %% [markdown]
# ## Dead units
#
# relu has its own illness. If a unit's total is negative for **every** example, it gives 0, its slope is 0, and nothing can wake it.
# A bias that is far too negative is enough. (It can happen in training, too, by one step that was too large.)

# %%
dead = gn.nn.Dense(4, gn.relu, bias_init=gn.init.constant(-20.0), name="dead", seed=1)
out = gn.mean(gn.nn.Dense(1, seed=2, name="out")(dead(inputs))).named("loss")
run = gn.trace(out, {inputs: batch})
weight = next(p for p in run.graph.parameters if p.scope == "dead" and p.name == "w")
print(viz.explain(run, weight))

# %% [markdown]
# `viz.explain` follows a gradient until it finds the cause. Its last line names the bend.

# %% [markdown]
# ## Does it matter? Train them
#
# The same task for three networks: tell two interlocked half circles apart.

# %%
moons = gn.data.moons(300, noise=0.15, seed=0)
histories = {}
for name, activation in {"sigmoid": gn.sigmoid, "tanh": gn.tanh, "relu": gn.relu}.items():
    layers = [gn.nn.Dense(16, activation) for _ in range(6)]
    trainer = gn.Trainer.classifier(
        gn.nn.Sequential([*layers, gn.nn.Dense(2)], seed=3), 2, 2, gn.optim.SGD(0.2)
    )
    histories[name] = trainer.fit(moons, epochs=60, batch=50, progress=False)
viz.training_curve(histories, measures=["loss"])

# %%
print(f"last loss with sigmoid {histories['sigmoid']['loss'][-1]:.3f}, log 2 is {np.log(2.0):.3f}")

# %% [markdown]
# The sigmoid's curve stays where guessing between two classes is, at log 2 (lesson 8, exercise 3).
#
# Other cures besides the bend: first weights of the right size (lesson 13), normalisation inside the network (lesson 17), and ways around the
# layers. With the way around, the gradient of a *residual block* has a path on which nothing is multiplied:

# %%
start = gn.parameter(np.random.default_rng(1).normal(size=(4, 6)), "x", "float64")
block = gn.nn.Residual([gn.nn.Dense(6, gn.sigmoid, name="first"), gn.nn.Dense(6, name="second")], seed=2)
run = gn.trace(gn.mean(gn.square(block(start))).named("loss"))
viz.draw(run, view="paths", to="x", fold=["first", "second"], direction="TB")

# %% [markdown]
# **What to keep:** without a bend no depth; with a bend a factor for each layer. Choose bends whose slope is near 1 where the
# numbers are.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** A gradient of 1 passes back through five sigmoids, each at its steepest point. How large is it then?

# %%
answer = ...
gn.learn.check("12-1", answer)

# %% [markdown]
# **2.** A unit with relu has totals −3, −0.5 and −2 on the three examples of a batch. Is it `"saturated"`, `"dead"` or `"healthy"` on
# this batch?

# %%
answer = ...
gn.learn.check("12-2", answer)

# %% [markdown]
# **3.** From the input below, build leaky relu yourself, with slope 0.1 on the left: out of `gn.maximum` or `gn.where`, products and sums.

# %%
x = gn.input("x", (5,), "float64")
answer = ...
gn.learn.check("12-3", answer)

# %% [markdown]
# **4.** A network has twelve Dense layers and no activation at all. As many layers of how much use: how many layers would do the
# same?

# %%
answer = ...
gn.learn.check("12-4", answer)
