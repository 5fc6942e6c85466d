# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 5. Reverse mode and forward mode
#
# The chain rule can be worked from either end. **Forward mode** starts at one input and follows its movement to all results;
# **reverse mode** starts at one result and asks back how strongly it hangs on all inputs. A network has millions of inputs (its
# weights) and one result (its loss): that is why networks are trained in reverse mode.
#
# **After this lesson you can**
#
# - carry a movement forward through a graph, and an adjoint backward,
# - say how many passes each way takes for a given number of inputs and results,
# - choose the cheaper one.
#
# Time: about 25 minutes. You need: lessons 3 and 4.

# %%
import time

import numpy as np

import graphnn as gn
import viz

# %% [markdown]
# ## Forward: follow one movement
#
# Three inputs, two results.

# %%
a, b, c = gn.scalar(2.0, "a"), gn.scalar(3.0, "b"), gn.scalar(-1.0, "c")
p = (a * b).named("p")
q = (p + c).named("q")
r = (p * c).named("r")
viz.draw(gn.trace([q, r]), view="values", direction="TB")

# %% [markdown]
# Let `a` move with speed 1, and hold `b` and `c`. Each node's speed follows from the speeds of its operands: `p = a · b` moves with
# speed 1 · b = 3, `q = p + c` with the same, and `r = p · c` with 3 · c.
#
# > With c = −1: how fast does `r` move?
#
# The speed is called a **tangent**. `gn.jvp` computes it, as a graph that runs beside the first one, in the same direction. It is
# given the results, the inputs, and the speed of each input. (The name is short for *Jacobian-vector product*; the Jacobian comes
# below.)

# %%
speed_of_q, speed_of_r = gn.jvp([q, r], [a, b, c], [1.0, 0.0, 0.0])
print(float(speed_of_q.value), float(speed_of_r.value))

# %% [markdown]
# One pass told how **both** results answer to `a`. For `b` and `c` two more passes are needed: one for every input.

# %%
for name, tangents in {"a": [1, 0, 0], "b": [0, 1, 0], "c": [0, 0, 1]}.items():
    moves = gn.jvp([q, r], [a, b, c], [float(t) for t in tangents])
    print(f"moving {name}: q moves {float(moves[0].value)}, r moves {float(moves[1].value)}")

# %% [markdown]
# ## Reverse: ask back from one result
#
# What comes back to a node from one result, by the rules of lesson 3, is called the node's **adjoint**: how strongly this result
# answers to the node. The adjoints of the inputs are what is asked for, the gradients.
#
# > How many backward passes are needed for the same six numbers?

# %%
for result in (q, r):
    slopes = gn.gradient(result, [a, b, c])
    print(f"{result.name}:", [float(slope.value) for slope in slopes])

# %% [markdown]
# Two: one for every result. The six numbers are the same. Put into a table, one row for each result and one column for each
# input, they are called the **Jacobian**. Forward mode computes a column at a time, reverse mode a row at a time.

# %%
rows = gn.jacobian([q, r], [a, b, c])
print(np.array([[float(entry.value) for entry in row] for row in rows]))

# %% [markdown]
# ## Both are graphs
#
# In graphnn neither is a special procedure: both give new nodes. Here is the graph of y = tanh(x · w) together with its forward-mode
# tangent, for `x` moving with speed 1 and `w` standing still: these are the constants 1 and 0 at the top.

# %%
x, w = gn.scalar(2.0, "x"), gn.scalar(0.5, "w")
y = gn.tanh((x * w).named("n")).named("y")
tangent = gn.jvp(y, [x, w], [1.0, 0.0]).named("tangent of y")
viz.draw(gn.Graph([y, tangent]), view="structure", direction="TB")

# %% [markdown]
# And the same `y` with its reverse-mode gradients. The part `1 − y · y` is the slope of tanh; you find it in both pictures.

# %%
slope_x, slope_w = gn.gradient(y, [x, w])
both = [slope_x.named("slope by x"), slope_w.named("slope by w")]
viz.draw(gn.Graph([y, *both]), view="structure", direction="TB")

# %% [markdown]
# Both need the value of `y` itself, so both run after the forward pass or beside it.

# %% [markdown]
# ## The price
#
# Many inputs, one result, as in training: how many nodes have to be computed?
#
# > With 50 inputs and one result: about how many times more work is forward mode than reverse mode?

# %%
inputs = [gn.scalar(0.01 * k, f"x{k}") for k in range(50)]
result = gn.tanh(sum(inputs[1:], inputs[0] * inputs[0]))
reverse = gn.gradient(result, inputs)
forward = [gn.jvp(result, inputs, [float(i == k) for i in range(50)]) for k in range(50)]
for name, nodes in {"value alone": [], "with reverse mode": reverse, "with forward mode": forward}.items():
    print(f"{name}: {len(gn.Graph([result, *nodes]).nodes)} nodes")

# %% [markdown]
# About fifty times: one pass through the whole graph for every input, where reverse mode takes a single one.
#
# And by the clock: the slopes of one result with respect to 2000 numbers, by one backward pass, and by 2000 measurements as in
# lesson 2 (which need as many runs as forward mode needs passes). The 2000 numbers are one array in one input; lesson 7 is about
# arrays. A `gn.Program` is a graph made ready to run many times.

# %%
v = gn.input("v", (2000,), "float64")
result = gn.sum(gn.square(gn.tanh(v)))
backward = gn.Program(gn.gradient(result, v))
value = gn.Program(result)
numbers = np.linspace(-1, 1, 2000)
start_value = float(value.run({v: numbers}))

start = time.perf_counter()
exact = backward.run({v: numbers})
one_pass = time.perf_counter() - start

start = time.perf_counter()
measured = []
for k in range(2000):
    moved = numbers.copy()
    moved[k] += 1e-6
    measured.append((float(value.run({v: moved})) - start_value) / 1e-6)

many_runs = time.perf_counter() - start
print(f"the measurements took {many_runs / one_pass:.0f} times as long")
print(f"largest difference {np.abs(exact - measured).max():.1e}")

# %% [markdown]
# ## When forward mode wins
#
# With one input and many results it is the other way round: think of a curve in time, where every point hangs on the one
# variable t. And for slopes of slopes (lesson 18) one takes a pass of each.
#
# | | passes | good for |
# |---|---|---|
# | forward mode | one for each **input** | few inputs, many results |
# | reverse mode | one for each **result**, plus the forward pass | many inputs, few results: training |
#
# Reverse mode has a price of its own: it needs the values of the forward pass, so they have to be kept until it comes by. Forward mode
# can forget them as it goes.
#
# **What to keep:** the numbers are the same; the number of passes is not. Count inputs and results.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** A function has 3 inputs and 100 results. How many passes does the cheaper mode take for the whole Jacobian?

# %%
answer = ...
gn.learn.check("05-1", answer)

# %% [markdown]
# **2.** A network has 10 000 weights and one loss. Which mode needs fewer passes for all slopes: `"forward"`, `"reverse"`, or
# `"both are equal"`?

# %%
answer = ...
gn.learn.check("05-2", answer)

# %% [markdown]
# **3.** x = 2 moves with speed 3; w = 5 stands still. With which speed does x · w + x move?

# %%
answer = ...
gn.learn.check("05-3", answer)

# %% [markdown]
# **4.** Write a function `answer(a, da, b, db)` that gives the value and the speed of the product a · b as a pair `(value, speed)`,
# where `da` and `db` are the speeds of `a` and `b`: begin with `def answer(a, da, b, db):`.

# %%
answer = ...
gn.learn.check("05-4", answer)
