# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 7. Vectors and shapes
#
# So far every wire carried one number. Real networks send whole arrays along their wires. The rules stay the same; what is new is
# **shape**: every gradient has the shape of its value, and that alone tells you most of the formulas.
#
# **After this lesson you can**
#
# - read the shapes in a picture, and say which products fit,
# - write down the slopes of a matrix product from the shapes alone,
# - say what happens to the gradient where a small array is spread over a large one (broadcasting).
#
# Time: about 35 minutes. You need: lessons 3 and 4, and NumPy arrays.

# %%
import numpy as np

import graphnn as gn
import viz

# %% [markdown]
# ## A layer is a matrix product
#
# One neuron takes the products of inputs and weights and adds them up. Three neurons do so with three sets of weights: that is a
# matrix product. And for many examples at once, the rows of `x` are the examples.

# %%
x = gn.input("x", ("batch", 4), "float64")
w = gn.parameter(np.arange(12.0).reshape(4, 3) / 10, "w", "float64")
b = gn.parameter([0.5, -0.5, 0.0], "b", "float64")
y = (x @ w + b).named("y")
viz.draw(y, view="shapes", direction="TB")

# %% [markdown]
# `batch` is an axis with a name in place of a size: the graph is built once, and any number of examples fits. The box between
# `b` and the sum spreads `b`, which has 3 numbers, over all rows. This is called **broadcasting**. NumPy does it in silence; here
# it stands in the picture, because it matters for the gradient.
#
# > `x` has shape (batch, 4) and `w` (4, 3). Which shape has the product, and what becomes of the 4?

# %%
(x @ w).shape

# %% [markdown]
# The axis that both share is summed away. If it does not fit, there is an error at the line where you wrote it, not somewhere in the
# training:

# %%
try:
    x @ gn.parameter(np.zeros((3, 4)), "wrong", "float64")
except gn.ShapeError as error:
    print(error)

# %% [markdown]
# ## Gradients have the shape of their values
#
# The gradient says for each number of an array how the loss answers to it: one slope for each number. So it has the same shape.
# Let the loss be the sum of all numbers of `y`.

# %%
loss = gn.sum(y).named("loss")
rows = np.array([[1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0]])
run = gn.trace(loss, {x: rows})
for node in (x, w, b):
    print(node.name, run.value(node).shape, run.gradient(node).shape)

# %% [markdown]
# ## The slope of a matrix product, from the shapes
#
# Let g be the gradient that arrives at the product: it has the product's shape, (batch, 3). We look for the gradient of `w`, with
# shape (4, 3), made of g and x.
#
# > From (batch, 3) and (batch, 4): which product gives (4, 3)? Which of the two has to be turned (transposed)?
#
# Only one fits: xᵀ g, that is (4, batch) times (batch, 3). And for `x`, (batch, 4), from g (batch, 3) and w (4, 3): g wᵀ.

# %%
g = np.ones((2, 3))  # the loss is the plain sum, so a 1 arrives everywhere
print(np.allclose(run.gradient(w), rows.T @ g))
print(np.allclose(run.gradient(x), g @ w.value.T))

# %% [markdown]
# Look at the sum over `batch` in xᵀ g: each example brings its contribution to `w`, and they **add up**, because all examples use the
# same `w`. It is the rule of lesson 4, in one product.

# %% [markdown]
# ## Spread forward, summed backward
#
# The bias `b` is used once for each row. So each row sends a contribution back.
#
# > With 2 rows, and a 1 arriving everywhere: what is the gradient of `b`?

# %%
print(run.gradient(b))
viz.draw(run, view="values+gradients", direction="TB")

# %% [markdown]
# Whatever is copied on the way forward is summed on the way back, and the other way round: what is summed forward (as in the loss) is
# copied backward.

# %%
few = gn.parameter([1.0, 2.0], "few", "float64")
many = gn.broadcast_to(few, (3, 2)).named("many")
run = gn.trace(gn.sum(many * np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])).named("loss"))
print(run.gradient(many))
print(run.gradient(few))

# %% [markdown]
# ## Check it
#
# The same measurement as ever, now for each number of each array.

# %%
print(gn.check_gradients(gn.sum(gn.tanh(y)), {x: rows}).ok)

# %% [markdown]
# **What to keep:** a gradient has the shape of its value; the slopes of x @ w are g wᵀ and xᵀ g; copied forward means summed
# backward.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** `x` has shape (32, 10) and `w` shape (10, 5). Which shape has the gradient of `w`? Answer with a tuple.

# %%
answer = ...
gn.learn.check("07-1", answer)

# %% [markdown]
# **2.** Write a function `answer(x, w, g)` of three NumPy arrays that returns the gradients of x and of w, as a pair, for y = x @ w
# when g arrives at y.

# %%
answer = ...
gn.learn.check("07-2", answer)

# %% [markdown]
# **3.** A bias with 3 numbers is added to a batch of 50 rows. The loss is the **mean** of all 150 numbers. What is the gradient of the
# first number of the bias?

# %%
answer = ...
gn.learn.check("07-3", answer)

# %% [markdown]
# **4.** Build a node of shape (batch, 2) out of `x` below, by a layer with weights of ones and a bias of ones: each row's sum plus 1,
# twice.

# %%
x = gn.input("x", ("batch", 3), "float64")
answer = ...
gn.learn.check("07-4", answer)
