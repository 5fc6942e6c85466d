# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 4. Shared variables and topological order
#
# When a value is used in several places, its gradient is the **sum** of what comes back from each place, and it may be passed on
# only when **all** of it has arrived. Most mistakes in hand-written backpropagation break one of these two rules.
#
# **After this lesson you can**
#
# - explain why gradients are added (`+=`) and not assigned (`=`),
# - say why the backward pass visits nodes in a topological order, and what a plain depth-first walk gets wrong,
# - say why gradients are set to zero before the next pass,
# - count how much work it saves to keep what was computed.
#
# Time: about 30 minutes. You need: lesson 3.

# %%
import graphnn as gn
import viz

# %% [markdown]
# ## Why `+=`?
#
# `a` is used twice here: in the product, and in the sum.

# %%
a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
c = (a * b + a).named("c")
viz.draw(c, view="values", direction="TB")

# %% [markdown]
# > Two contributions come back to `a`. One comes from the product: b = −3. The other comes from the sum: 1. What is the gradient of
# > `a`, if each new contribution *replaces* the one before? What is it if they are *added*? Which one does a measurement give?


# %%
def f(a):
    return a * -3.0 + a


h = 1e-6
print("measured:", (f(2.0 + h) - f(2.0 - h)) / (2 * h))

# %%
viz.wrong_way("overwrite", direction="TB")

# %% [markdown]
# The measurement gives the sum (but for its last digits). `viz.wrong_way` draws a right backward pass beside a wrong one: the left
# half adds, the other half overwrites, and the wrong number is marked. A movement of `a` changes the result along *both* wires, so
# both contributions count.

# %% [markdown]
# ## Why a topological order?
#
# Going backwards, a node hands on what it has received. If it hands on too early, a part that comes later is lost. Here `d` is used
# by `L` and by `e`.

# %%
a, b, c = gn.scalar(2.0, "a"), gn.scalar(3.0, "b"), gn.scalar(1.0, "c")
d = (a * b).named("d")
e = (d + c).named("e")
L = (d * e).named("L")
viz.draw(L, view="values", direction="TB")

# %% [markdown]
# > Walk back from `L`: first to `d`, then from `d` to `a` and `b`, and only then to `e`, which still has something for `d`. What is
# > wrong with this walk?
#
# Such a walk, which goes on from each new node at once and comes back for the others later, is called **depth-first**.

# %%
viz.wrong_way("depth-first", direction="TB")

# %% [markdown]
# `d` had passed on 7 before the other 6 arrived. In a topological order, reversed, a node has its turn only after everything that
# uses it. Then its sum is complete.
#
# Here is the order of the right pass, and its ledger. Look at the parts in the box of `d`:

# %%
run = gn.trace(L)
order = [node.name for node in reversed(run.graph.nodes)]
print("backwards:", " ".join(order))

# %%
viz.draw(run, view="values+ledger", direction="TB")

# %% [markdown]
# Is there only one such order? No: `a` and `b` may change places, since neither is made of the other. A node that takes a value as
# an operand is called a **user** of it: `L` and `e` are the users of `d`. Every order in which a node comes after all its users gives
# the same numbers.

# %% [markdown]
# ## Why set the gradients to zero?
#
# Adding has a price. `c.backward()` runs the backward pass from `c` and keeps the gradients in the nodes: `a.grad`. If you run it
# twice, the second pass adds to what the first one left.

# %%
a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
c = a * b + a
c.backward()
print("once: ", float(a.grad))
c.backward()
print("twice:", float(a.grad))

# %%
viz.draw(c, direction="TB")

# %% [markdown]
# The picture says *accumulated*: this number is a sum over several passes. A training step that forgets to zero takes steps along all
# the gradients of the past. In graphnn's trainer each step computes fresh gradients, so it cannot be forgotten there; with
# `backward()` you do it yourself:

# %%
c.zero_grad()
c.backward()
print("after zero_grad:", float(a.grad))

# %% [markdown]
# ## How much work it saves
#
# One could also list all paths and add up their products, as in lesson 3. For a small graph that works. Now put shared nodes one
# after the other:

# %%
x = gn.scalar(1.1, "x")
y = x
for stage in range(3):
    y = (y * y).named(f"y{stage + 1}")

viz.draw(y, view="structure", direction="TB")

# %% [markdown]
# > Each stage doubles the number of paths. How many paths are there after 30 stages, and how many edges?

# %%
for stages in (3, 10, 30):
    print(f"{stages} stages: {2**stages} paths, {2 * stages} edges")

# %% [markdown]
# The backward pass looks at each **edge** once. It keeps what it has computed at each node, the gradient, and uses it for every way
# that leads on from there. Keeping results that are needed again is called *dynamic programming*. Without it nobody could train
# a network. Here is a chain of thirty stages that has even more paths. Its gradient comes at once:

# %%
y = x
for _ in range(30):
    y = gn.tanh(y * y + x)

run = gn.trace(y)
print("nodes", len(run.graph.nodes), " edges", len(run.graph.edges))
print("gradient", float(run.gradient(x)))

# %% [markdown]
# **What to keep:** contributions add up; a node passes on when all of its contributions are there; what is added must be zeroed
# before the next pass; every edge is visited once.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** `x = 4`, `y = x * x * x`, where the same `x` is used three times. What is the gradient of `x`, that is, the slope of `y` with
# respect to `x`?

# %%
answer = ...
gn.learn.check("04-1", answer)

# %% [markdown]
# **2.** `p = x * x`, `q = p + x`, `y = p * q`. Write the names `p`, `q`, `x`, `y` in an order in which a backward pass may visit them,
# as a list such as `["p", "q", ...]`.

# %%
answer = ...
gn.learn.check("04-2", answer)

# %% [markdown]
# **3.** `x = 2`, `y = 5 * x`. `y.backward()` is called three times, and nothing is zeroed. What does `x.grad` say?

# %%
answer = ...
gn.learn.check("04-3", answer)

# %% [markdown]
# **4.** Write a function `answer(users)` that returns an order for the backward pass as a list. `users` is a dictionary: for each
# node's name the list of names that use it, as in `{"x": ["p", "y"], "p": ["y"], "y": []}`. A node comes after all its users.

# %%
answer = ...
gn.learn.check("04-4", answer)
