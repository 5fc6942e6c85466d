# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 22. A sick network
#
# A network that learns badly gives no error message: it computes, and the numbers are bad. A doctor does not guess but asks a few
# questions, always in the same order, and each question has a measurement that answers it.
#
# **After this lesson you can**
#
# - find the node in which NaN began, and the op in which a gradient became 0,
# - tell by eight examples whether the model is ill or the data are,
# - go through five questions in a fixed order, by hand or by `gn.train.debug`.
#
# Time: about 45 minutes. You need: lessons 8, 11, 12 and 15.

# %%
import numpy as np

import graphnn as gn
import viz

# %% [markdown]
# ## The five questions
#
# 1. **Is everything a number?** If not: where did NaN begin?
# 2. **Can the model learn eight examples by heart?** This splits all illnesses into two halves.
# 3. If no: **does a gradient reach every layer?**
# 4. If yes: **are the data right?** Their scale, and their labels.
# 5. **Is the learning rate right?**
#
# Even before the first question: does the tool itself work? The second thing that `gn.diagnose` gives says whether its self-test passed.

# %%
facts, works = gn.diagnose()
print(works)

# %% [markdown]
# Here is our healthy person, to compare with: a small network for digits. Each patient below is made by the same function, with
# one thing changed.

# %%
train, test = gn.data.split(gn.data.digits(), 0.25, seed=0)


def patient(layers=None, optimizer=None, **options):
    layers = layers or [gn.nn.Dense(32, gn.relu), gn.nn.Dense(10)]
    net = gn.nn.Sequential(layers, name="net", seed=1)
    return gn.Trainer.classifier(net, 64, 10, optimizer or gn.optim.Adam(0.01), **options)


healthy = patient().fit(train, epochs=6, validation=test, progress=False)
viz.training_curve(healthy, measures=["loss"])

# %% [markdown]
# ## Question 1. Is everything a number?
#
# **NaN** means "not a number". It is what a computer answers to 0/0, to ∞ − ∞ and to 0 · ∞. And it spreads: whatever is computed
# with NaN is NaN.
#
# > NaN + 1, NaN · 0, and the larger of NaN and 5: which of the three are NaN?

# %%
nan = float("nan")
print(nan + 1, nan * 0, np.maximum(nan, 5))

# %% [markdown]
# So the loss is NaN as soon as *one* number on the way was, and the loss is the last place to look at. Look for the first.
#
# ### Where did NaN start?
#
# The formula $p \log p + q \log q$ with $q = 1 - p$ measures how unsure a coin is. We ask it about a coin that is quite sure.
#
# > With p = 1: which node is the first that is not a finite number?

# %%
p = gn.scalar(1.0, "p")
q = (1.0 - p).named("q")
unsure = (p * gn.log(p) + q * gn.log(q)).named("unsure")
run = gn.trace(unsure)
viz.draw(run, view="values+health", direction="TB")

# %% [markdown]
# The view `health` marks the node where it begins: log of 0 is −∞. That is not NaN yet. The product after it, 0 · (−∞), is.
# Everything below it is only a victim. And the red boxes above it? Their values are finite, but their *gradients* are not: what comes back
# has to pass the same bad place.

# %%
for node in (q, p):
    print(node.name, " value", run.value(node), " gradient", run.gradient(node))

# %% [markdown]
# In a large graph you would not search in a picture. `watch=True` looks at each node as it is computed, and stops at the first bad one:

# %%
try:
    gn.Program([unsure], watch=True).run({})
except gn.NotFiniteError as error:
    print(error)

# %% [markdown]
# ### The value is good, and the gradient is NaN
#
# This one is nastier: the loss looks fine, one step is made, and *then* all weights are NaN. The length of a vector is $\sqrt{x^2 + y^2}$.
#
# > At x = y = 0 the length is 0. What is its gradient with respect to x?

# %%
x, y = gn.scalar(0.0, "x"), gn.scalar(0.0, "y")
length = gn.sqrt((gn.square(x) + gn.square(y)).named("sum")).named("length")
run = gn.trace(length)
print("value", run.value(length), " gradient", run.gradient(x))
print(viz.explain(run, x))

# %% [markdown]
# Read `viz.explain` from top to bottom: it walks from the gradient you asked for up to its cause, and the last line names it. The slope of
# the root is infinite at 0, and 0 · ∞ is NaN.
#
# A cure that comes to mind is `gn.where(condition, a, b)`: take `a` where the condition holds, else `b`. It does not help alone. Both
# branches are computed, and the branch that is not taken still gets the gradient 0, which is multiplied by ∞. Put a harmless number
# **into** the dangerous op:

# %%
x = gn.input("x", (3,), "float64")
positive = gn.greater(x, 0.0)
outside = gn.where(positive, gn.sqrt(x), 0.0)
inside = gn.where(positive, gn.sqrt(gn.where(positive, x, 1.0)), 0.0)
for name, node in {"where outside": outside, "and inside": inside}.items():
    value, slope = gn.Program([node, gn.gradient(gn.sum(node), x)]).run({x: [0.0, 1.0, 4.0]})
    print(f"{name:14} values {value}  slopes {slope}")

# %% [markdown]
# ### NaN in a training
#
# A network with a cross-entropy that was written by hand, softmax first and the logarithm after it, and a step that is far too large:

# %%
images, labels = gn.input("x", ("batch", 64)), gn.input("y", ("batch",), "int64")
net = gn.nn.Sequential([gn.nn.Dense(32, gn.relu), gn.nn.Dense(10)], name="net", seed=1)
shares = gn.softmax(net(images)).named("shares")
by_hand = (-gn.mean(gn.sum(gn.one_hot(labels, 10) * gn.log(shares), axis=1))).named("loss")
try:
    gn.Trainer(by_hand, gn.optim.SGD(5.0), watch=True).fit(train, epochs=3, batch=50, progress=False)
except gn.NotFiniteError as error:
    print(error)

# %% [markdown]
# The message names the step, the node and the numbers that went into it. One share became exactly 0, and its logarithm is −∞. The op
# `gn.softmax_cross_entropy` computes both in one (lesson 8) and cannot fall into this hole: use it.
#
# ## Question 2. Eight examples by heart
#
# Give the model eight examples, again and again. Any sound model can learn so few by heart, even with wrong labels. If it cannot,
# the illness is in the model, the loss or the step. If it can, look at the data.
#
# Four patients:
#
# - **A**: the biases of the first layer start at −20,
# - **B**: the learning rate is 0.00001,
# - **C**: the labels are moved by one row: each image has the label of the one before it,
# - **D**: all is well.
#
# > Which of the four can learn eight examples by heart?

# %%
shifted = gn.data.Dataset(train.x, np.roll(train.y, 1))
patients = {
    "A": (patient([gn.nn.Dense(32, gn.relu, bias_init=gn.init.constant(-20.0)), gn.nn.Dense(10)]), train),
    "B": (patient(optimizer=gn.optim.SGD(0.00001)), train),
    "C": (patient(), shifted),
    "D": (patient(), train),
}
for name, (trainer, data) in patients.items():
    print(f"{name}: {gn.train.overfit_one_batch(trainer, data)}\n")

# %% [markdown]
# The check tells three cases apart. A: not even eight examples. B: it could, with another optimiser: the step is wrong, not the model. C and
# D: the model is sound; a wrong label is learnt by heart as well as a right one. (Nothing is changed: the trainers are as they were.)
#
# ## Question 3. Does a gradient reach every layer?
#
# Patient A cannot learn. We look at the gradient of each weight in one run.

# %%
trainer_a = patients["A"][0]
batch = {"x": train.x[:50], "y": train.y[:50]}
run = gn.trace(trainer_a.loss, batch)
viz.draw(run, view="flow+health", depth=2, direction="TB")

# %%
first = next(p for p in run.graph.parameters if p.scope == "net/dense1" and p.name == "w")
print(viz.explain(run, first))

# %% [markdown]
# Dead: with such a bias the operand of relu is negative for every image, its slope is 0, and nothing comes through.
#
# The other two illnesses of gradients, as numbers. `gn.train.flow_report` measures each layer on one batch. First a deep network of sigmoids;
# then one with tanh whose biases start at 5.
#
# > In which of the two is the gradient small because each bend weakens it a little, and in which because the units are *saturated*?

# %%
deep = {
    "deep": [gn.nn.Dense(32, gn.sigmoid) for _ in range(6)],
    "biases of 5": [gn.nn.Dense(32, gn.tanh, bias_init=gn.init.constant(5.0)) for _ in range(2)],
}
for name, hidden in deep.items():
    report = gn.train.flow_report(patient([*hidden, gn.nn.Dense(10)]), batch)
    print(f"\n{name:16} saturated   size of the gradient of its weights")
    for k, layer in enumerate(report.layers):
        print(f"{layer:16} {report['saturated'][k]:9.2f}   {report['parameter gradient mean size'][k]:.0e}")

# %% [markdown]
# In the deep network no unit is saturated, but each layer divides the gradient by a few. In the other one, nearly all units sit near
# 1, where tanh is flat: read the column `saturated`. (The last layer has no bend, hence nan. `print(report)` shows all columns. Lessons 12 and 13 have the cures.)
#
# ### Why is this gradient 0?
#
# Five reasons in four lines. A gradient of 0 can be a truth, or a break in the way.

# %%
x = gn.scalar(3.0, "x")
for node in (gn.relu(x - 5.0), gn.tanh(x * 20.0), x * 0.0, x * 2.0 - (x + x), gn.round(x) * 2.0):
    said = viz.explain(gn.trace(node.named("loss")), x).splitlines()
    print(said[0], said[-1], "\n")

# %% [markdown]
# The last one is not 0 but absent: there is no way at all on which a gradient could come. graphnn keeps the two apart.
#
# ### Why do my gradients look like zero before `backward` has run?
#
# Because many engines, ours of lesson 6 too, write 0.0 into each node at birth. Then "nothing was computed" looks just like "the slope is 0".

# %%
a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
y = (a * b).named("y")
print("before:", a.grad, "-", gn.gradient_state(a))
print(viz.explain(y, "a"))
y.backward()
print("after: ", a.grad, "-", gn.gradient_state(a))

# %% [markdown]
# ## Question 4. Are the data right?
#
# Patient C learns eight examples by heart. Now on all of them:

# %%
trainer_c, data_c = patients["C"]
sick = trainer_c.fit(data_c, epochs=6, validation=test, progress=False)
viz.training_curve({"healthy": healthy, "shifted labels": sick}, measures=["loss"])

# %% [markdown]
# Guessing among ten classes has the loss $\log 10 \approx 2.3$. Both curves of the sick one stay there. The labels have nothing to do with
# the images. Do they belong to *other* images? `gn.train.debug` tries to move them:

# %%
print(gn.train.debug(patient(), shifted))

# %% [markdown]
# The most common mistake with data is the scale. Here one feature of 64 was read in other units, a thousand times too large:

# %%
units = train.x.copy()
units[:, 20] *= 1000.0
unscaled = gn.data.Dataset(units, train.y)
print(gn.train.debug(patient(), unscaled))

# %% [markdown]
# Each finding says what was seen, by which numbers, and a way out. (Remarks are worth knowing, but no illness: pixels at the edge are always 0.)
#
# ## Question 5. Is the learning rate right?

# %%
fast = patient(optimizer=gn.optim.SGD(100.0))
print(gn.train.debug(fast, train))

# %% [markdown]
# Two findings, and one illness: the units were alive before, and died of the large steps. "Now" or "after 200 steps" in the finding tells
# which it is.
#
# ## The whole examination
#
# `gn.train.debug` asks all five questions, and more. Where it has several findings, mend one, then ask again, because one illness often
# brings others.
#
# > For patient A several findings come. Which is the cause, and which are its effects?

# %%
patients["E, units"] = patient(), unscaled
patients["F, fast"] = fast, train
for name, (trainer, data) in patients.items():
    fresh = patient() if name == "C" else trainer
    print(f"{name:9}", ", ".join(gn.train.debug(fresh, data).kinds) or "nothing wrong was found")

# %% [markdown]
# A has dead units: the missing gradients, and the loss that does not fall, come of them.
#
# What was not found is not proved to be absent. But you know now where *not* to look.
#
# **What to keep:** numbers first, then eight examples by heart, then gradients or data, then the rate. Measure, change **one** thing, and
# measure again.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** A model learns eight examples by heart within 100 steps. Trained on all the examples, its loss stays at that of guessing.
# Where do you look first: `"model"`, `"loss"`, `"data"` or `"gradients"`?

# %%
answer = ...
gn.learn.check("22-1", answer)

# %% [markdown]
# **2.** Write a function `answer(values)`. It gets the values of all nodes in topological order, as a list of arrays, and returns the
# position (counted from 0) of the first that holds a number that is not finite; −1 if all are sound.

# %%
answer = ...
gn.learn.check("22-2", answer)

# %% [markdown]
# **3.** From the input below build a node that is log x where x is positive and 0 elsewhere, and whose gradient is finite everywhere.

# %%
x = gn.input("x", (3,), "float64")
answer = ...
gn.learn.check("22-3", answer)

# %% [markdown]
# **4.** A relu unit computes relu(x₁ − 2 x₂ + b). Both inputs lie between 0 and 1. What is the largest b with which it is dead: never
# above 0, whatever the inputs are?

# %%
answer = ...
gn.learn.check("22-4", answer)

# %% [markdown]
# **5.** Patient B of this lesson with another rate. Find a learning rate for SGD with which it learns its eight examples by heart within
# 100 steps: the loss falls to a tenth. Answer with the rate.

# %%
answer = ...
gn.learn.check("22-5", answer)
