# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 20. Recurrent networks, through time
#
# Words, sounds and prices come one after the other. A **recurrent** network reads them one at a time and carries a **state** along: the same cell, with the
# same weights, in every step. Unrolled in time it is a deep network whose layers share their weights, with everything that follows from
# that.
#
# **After this lesson you can**
#
# - write a recurrent cell and unroll it,
# - explain backpropagation through time, and why its gradients vanish or explode,
# - say what the gates of an LSTM do about it, and train one.
#
# Time: about 40 minutes. You need: lessons 4, 7 and 12.

# %%
import numpy as np

import graphnn as gn
import viz

# %% [markdown]
# ## A cell
#
# The new state is made of the old state and the present input:
#
# $$ h_t = \tanh(x_t\, w + h_{t-1}\, u + b) $$

# %%
w = gn.parameter([[0.8]], "w", "float64")
u = gn.parameter([[0.5]], "u", "float64")


def cell(x, h):
    return gn.tanh(x @ w + h @ u)


steps = [gn.input(f"x{t}", (1, 1), "float64") for t in range(3)]
h = gn.constant([[0.0]], "float64").named("h start")
for t, x in enumerate(steps):
    with gn.scope(f"t{t}"):
        h = cell(x, h).named(f"h{t}")
viz.draw(h, view="structure", direction="TB")

# %% [markdown]
# Three steps, but only one `w` and one `u`: wires lead from them into every step. This is what *unrolled* means.
#
# > Three contributions come back to `u`, one from each step. What becomes of them? (Lesson 4.)

# %%
loss = gn.sum(h).named("loss")
run = gn.trace(loss, dict(zip(steps, [[[1.0]], [[-0.5]], [[2.0]]])))
for edge in run.graph.consumers(u):
    print("contribution of step", edge.target.scope, round(float(run.contribution(edge)[0, 0]), 4))
print("gradient of u:", round(float(run.gradient(u)[0, 0]), 4))

# %% [markdown]
# ## Through many steps
#
# On the way back each step multiplies the gradient by u · tanh′. After many steps that is a power.
#
# > With u = 0.5: what is left after 20 steps? And with u = 1.5, as long as tanh is steep?

# %%


def memory(strength, length):
    """How strongly the last state hangs on the first input."""
    first = gn.input("first", (1, 1), "float64")
    state = gn.tanh(first)
    for _ in range(length):
        state = gn.tanh(state * strength)
    slope = gn.gradient(gn.sum(state), first)
    return float(gn.Program(slope).run({first: [[0.01]]})[0, 0])


for strength in (0.5, 1.0, 1.5):
    print(f"u = {strength}:", " ".join(f"{memory(strength, length):.1e}" for length in (1, 5, 10, 20)))

# %% [markdown]
# Below 1 the past is forgotten. Above 1 the gradient first grows, until the tanh is saturated, and then it falls as well. Only at 1 it stays as it
# is, and only because the state is small here, where the tanh is steep.
#
# ## The LSTM
#
# Hochreiter and Schmidhuber (1997) gave the cell a second state, c, which is **added to** instead of multiplied through:
#
# $$ c_t = f \cdot c_{t-1} + i \cdot g, \qquad h_t = o \cdot \tanh(c_t) $$
#
# Three **gates**, sigmoids between 0 and 1, decide: f, how much is kept; i, how much of the new content g is written; o, how much is shown. The
# gradient of c is multiplied by f in each step, and by nothing else:

# %%


def kept(forget, length):
    """How strongly the last c hangs on the first."""
    first = gn.scalar(2.0, "first")
    state = first
    for _ in range(length):
        state = forget * state + 0.1
    return float(gn.gradient(state, first).value)


for forget in (0.5, 0.9, 1.0):
    print(f"f = {forget}:", " ".join(f"{kept(forget, length):.1e}" for length in (1, 5, 10, 20)))

# %% [markdown]
# With f = 1 it comes back unchanged, over any number of steps, however large the state is. Here is an LSTM with two steps:

# %%
sequence = gn.input("x", ("batch", 2, 3), "float64")
states = gn.unroll(gn.nn.LSTM(2, seed=1)(sequence))
rows = np.random.default_rng(0).normal(size=(1, 2, 3))
run = gn.trace(gn.mean(gn.square(states)).named("loss"), {sequence: rows})
viz.draw(
    run, view="flow", fold="t?", hide=["broadcasts", "constants", "views"], repeats=False, direction="TB"
)

# %% [markdown]
# Folded, each step is a box. Open one of them:

# %%
viz.draw(run, view="flow", fold="t0", hide=["broadcasts", "constants", "views"], direction="TB")

# %% [markdown]
# ## A task that needs memory
#
# Forty numbers between 0 and 1; two of them are marked. The answer is the sum of these two. (It is the fourth experiment of Hochreiter and
# Schmidhuber, 1997.) Who always answers 1 has a squared error of 1/6, about 0.167.

# %%
train = gn.data.adding(2000, length=40, seed=0)
test = gn.data.adding(500, length=40, seed=1)
print("one example, the first five steps (number, mark):")
print(np.round(train.x[0, :5], 2))

# %% [markdown]
# > Between the marks and the end lie up to forty steps. Which of the three cells will find out: the plain one (RNN), the LSTM, or the GRU (Cho and
# > others 2014), which has two gates and one state?

# %%
histories = {}
for name, layer in {"RNN": gn.nn.RNN, "GRU": gn.nn.GRU, "LSTM": gn.nn.LSTM}.items():
    net = gn.nn.Sequential([layer(16), gn.nn.Dense(1)], seed=3)
    trainer = gn.Trainer.regressor(net, (40, 2), 1, gn.optim.Adam(0.01, clip=gn.optim.clip_global_norm(1.0)))
    histories[name] = trainer.fit(train, epochs=20, batch=50, progress=False)
    print(f"{name:4} squared error on the test part: {trainer.evaluate(test)['loss']:.4f}")

# %%
viz.training_curve(histories, measures=["loss"])

# %% [markdown]
# Twenty epochs leave the plain cell near 1/6: it has not found out which numbers count. The two with gates have. (With more epochs it begins
# to; for short sequences there is little difference: try a length of 10.)
#
# `clip_global_norm` is the usual belt against explosions: if the gradient of all parameters together is longer than 1, it is shortened to
# 1, in the same direction.
#
# ## Letters
#
# The same with text: given a letter, which one follows? The network learns to continue a line that it reads again and again.

# %%
text = "the cat sat on the mat. the dog sat on the log. " * 20
letters = sorted(set(text))
codes = np.array([letters.index(letter) for letter in text])
length = 12
windows = np.stack([codes[k : k + length + 1] for k in range(len(codes) - length)])
letter_in = gn.input("x", ("batch", length), "int64")
letter_out = gn.input("y", ("batch", length), "int64")
hidden = gn.nn.LSTM(32, sequences=True, seed=5)(gn.nn.Embedding(len(letters), 8, seed=5)(letter_in))
scores = gn.nn.Dense(len(letters), seed=5)(hidden)
loss = gn.softmax_cross_entropy(scores.reshape((-1, len(letters))), letter_out.reshape((-1,)))
trainer = gn.Trainer(loss, gn.optim.Adam(0.01), output=scores)
history = trainer.fit({"x": windows[:, :-1], "y": windows[:, 1:]}, epochs=6, batch=64, progress=False)

line = list("the cat sat ")
for _ in range(40):
    last = np.array([[letters.index(letter) for letter in line[-length:]]])
    line.append(letters[int(trainer.predict({"x": last})[0, -1].argmax())])
print("".join(line))

# %% [markdown]
# **What to keep:** one cell, many steps, shared weights; the gradient through time is a product; gates and an added state keep it alive.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** $h_0 = 0$, $x_1 = 1$, $x_2 = 0$, $w = 1$, $u = 0.5$, without tanh: $h_t = w\, x_t + u\, h_{t-1}$. What is $h_2$?

# %%
answer = ...
gn.learn.check("20-1", answer)

# %% [markdown]
# **2.** In the same linear cell: how strongly does $h_{10}$ hang on $h_0$, that is, what is the slope of $h_{10}$ with respect to $h_0$?

# %%
answer = ...
gn.learn.check("20-2", answer)

# %% [markdown]
# **3.** An LSTM should remember a number for a hundred steps. Which gate must stay near 1: `"forget"` (f), `"input"` (i) or
# `"output"` (o)?

# %%
answer = ...
gn.learn.check("20-3", answer)

# %% [markdown]
# **4.** Write a function `answer(xs, w, u)` that runs the cell $h_t = \tanh(w\, x_t + u\, h_{t-1})$ over a list of numbers, from h = 0, and
# returns the last h.

# %%
answer = ...
gn.learn.check("20-4", answer)
