# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 3. The chain rule on a graph
#
# You know the slope of each small operation. What is the slope of a whole formula? **Along a path, multiply. Where paths meet
# again, add.** These two sentences are all of backpropagation.
#
# **After this lesson you can**
#
# - find the slope of a formula by multiplying local derivatives along the path from the variable to the result,
# - add up several paths,
# - read a ledger picture: upstream × local = contribution.
#
# Time: about 30 minutes. You need: lessons 1 and 2.

# %%
import graphnn as gn
import viz

# %% [markdown]
# ## One path: multiply
#
# Think of three gears in a row. The second turns three times as fast as the first, and the third twice as fast as the second. Then
# the third turns six times as fast as the first: movements multiply along the way.

# %%
x = gn.scalar(2.0, "x")
u = (3.0 * x).named("u")
v = (u + 1.0).named("v")
y = gn.square(v).named("y")
viz.draw(y, view="values", direction="TB")

# %% [markdown]
# From `x` to `y` there is one path: `x → u → v → y`. The local derivatives on it are
#
# - of u = 3x with respect to x: 3,
# - of v = u + 1 with respect to u: 1,
# - of y = v² with respect to v: 2v, and v is 7 in this run.
#
# > Multiply the three. What is the slope of `y` with respect to `x` at x = 2?

# %%
run = gn.trace(y)
print(float(run.gradient(x)))
viz.draw(run, view="values+ledger", direction="TB")

# %% [markdown]
# `run.gradient(x)` is the slope of the result with respect to `x`: such a slope of the whole is called a **gradient**. (*Slope* is
# the word for a single operation or a curve.)
#
# The picture is a **ledger**, the account book of the chain rule. Follow it backwards, from `y` to `x`:
#
# - The result starts with gradient 1: if y moves by 1, y moves by 1.
# - Each edge takes what comes back from the result's side (**upstream**), multiplies it by its own slope (**local**), and hands the
#   product on (**contribution**).
#
# The constants 3 and 1 get a number too, but nobody uses it: a constant does not move.
#
# No box has to know the whole formula. It has to know its own rule, and to multiply. That is why the same few rules train a network
# of any size.

# %% [markdown]
# ## Why backwards?
#
# The numbers could be multiplied from either end. Backwards has one great advantage: what arrives at `v` is the slope of `y` with
# respect to `v`, **complete**, and can be used for everything that stands before `v`, however much that is. In one sweep every node
# gets its gradient: here `v`, `u` and `x`, and in a network all of its weights. This going back is called the **backward pass**, or
# backpropagation.

# %%
for node in (v, u, x):
    print(f"slope of y with respect to {node.name}: {float(run.gradient(node))}")

# %% [markdown]
# ## Two paths: add
#
# Now let `x` act on the result in two ways.

# %%
x = gn.scalar(3.0, "x")
squared = gn.square(x).named("squared")
scaled = (4.0 * x).named("scaled")
total = (squared + scaled).named("total")
viz.draw(total, view="values", direction="TB")

# %% [markdown]
# If `x` grows by a little, the way through `squared` brings 2x = 6 times as much, the way through `scaled` 4 times as much. The
# result gets both.
#
# > What is the slope of `total` with respect to `x`: 24 or 10?

# %%
run = gn.trace(total)
print("together", float(run.gradient(x)))
for path in viz.paths(run, x):
    print(path)

# %% [markdown]
# 10: both movements arrive, and what arrives adds up. (In brackets stands the share that comes along this path.) In the ledger, look
# at the box of `x`: it shows the sum and its parts.

# %%
viz.draw(run, view="values+ledger", direction="TB")

# %% [markdown]
# And here are the paths themselves, with the share of the gradient that comes along each:

# %%
viz.draw(run, view="paths", to="x", direction="TB")

# %% [markdown]
# ## A neuron
#
# The same rules on the neuron of lesson 1, with one input only.
#
# > `x1` is 2 and `w1` is −1. Which of the two has the larger gradient, if the sign does not count? Remember that in a product each
# > gets its partner.

# %%
x1, w1 = gn.scalar(2.0, "x1"), gn.scalar(-1.0, "w1")
bias = gn.scalar(1.5, "bias")
out = gn.tanh((x1 * w1 + bias).named("total")).named("out")
run = gn.trace(out)
viz.draw(run, view="values+ledger", direction="TB")

# %% [markdown]
# `w1`: its partner is 2, that of `x1` is only −1. And everything before the `tanh` carries one more factor, the local derivative at
# the wire that leads into it: whatever comes back through the `tanh` is multiplied by this same number. When this factor is small,
# *all* gradients before it are small. Lesson 12 is about nothing else.
#
# And the answer is always one measurement away:

# %%
print(gn.check_gradients(out).ok)

# %% [markdown]
# **What to keep:** along a path multiply, where paths meet add. Going backwards, every node receives its complete gradient in one
# sweep.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** y = (5x − 2)². What is the slope of y with respect to x at x = 1?

# %%
answer = ...
gn.learn.check("03-1", answer)

# %% [markdown]
# **2.** y = 3x + x · x. What is the slope at x = 4?

# %%
answer = ...
gn.learn.check("03-2", answer)

# %% [markdown]
# **3.** `a` and `b` are both made of `x`; `c` and `d` are each made of `a` and `b`; `y = c + d`. How many paths lead from x to y?

# %%
answer = ...
gn.learn.check("03-3", answer)

# %% [markdown]
# **4.** Build a node for tanh(3x) from the input below.

# %%
x = gn.input("x", (), "float64")
answer = ...
gn.learn.check("03-4", answer)

# %% [markdown]
# **5.** Write a Python function `answer(paths)`: it gets a list of paths, each a list of the local derivatives on it, and returns the
# gradient. For `[[2, 3], [4]]` it returns 10. The list may also be empty: then no path leads to the result.

# %%
answer = ...
gn.learn.check("03-5", answer)
