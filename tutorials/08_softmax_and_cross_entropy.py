# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 8. Softmax and cross-entropy
#
# A network that chooses between classes gives one number per class, its **scores**. Softmax turns scores into probabilities,
# cross-entropy says how bad these probabilities are, and together they have the most beautiful gradient in deep learning: **what was
# said minus what is true**.
#
# **After this lesson you can**
#
# - turn scores into probabilities and a probability into a loss,
# - derive the gradient p − y, and see it in the picture,
# - say why the two are computed together, and what happens otherwise.
#
# Time: about 35 minutes. You need: lesson 7.

# %%
import numpy as np

import graphnn as gn
import viz

# %% [markdown]
# ## From scores to probabilities
#
# Three classes: cat, dog, bird. The network's scores may be any numbers. To make them probabilities, make them positive (by exp),
# then divide by their sum:
#
# $$ p_i = \frac{e^{s_i}}{\sum_j e^{s_j}} $$
#
# > The scores are 2, 1 and −1. Which class gets the largest probability? Will adding 10 to *all* scores change anything?

# %%
scores = gn.input("scores", (3,), "float64")
p = gn.softmax(scores).named("p")
for numbers in ([2.0, 1.0, -1.0], [12.0, 11.0, 9.0]):
    print(np.round(gn.trace(p, {scores: numbers}).value(p), 4))

# %% [markdown]
# Only differences of scores count: 10 more everywhere cancels in the fraction. (Computers use this: they subtract the largest score
# first, so that exp never grows too large.)
#
# ## From probability to loss
#
# Let the true class be the dog. The network gave it probability p. The loss is −log p: 0 if the network was certain and right,
# larger the less it believed in the truth.

# %%
viz.curve({"−log p": lambda node: -gn.log(node)}, span=(0.02, 1.0), slope=False)

# %% [markdown]
# Look at the left end: to say "impossible" about what then happens costs infinitely much.
#
# The truth can be written as probabilities as well: y = (0, 1, 0), certainly the dog. Then the loss is the **cross-entropy**
#
# $$ L = -\sum_i y_i \log p_i $$
#
# of which only the term of the true class is left.

# %%
truth = gn.constant([0.0, 1.0, 0.0], "float64").named("y")
loss = (-gn.sum(truth * gn.log(p))).named("loss")
feeds = {scores: [2.0, 1.0, -1.0]}
run = gn.trace(loss, feeds)
print("p of the dog:", round(float(run.value(p)[1]), 4), "  loss:", round(float(run.value(loss)), 4))

# %% [markdown]
# ## The gradient
#
# > How should the scores change, to make the loss smaller? That of the dog should grow. And the others, which one more?
#
# Compute the gradient of the loss with respect to the scores, and beside it p − y:

# %%
print("gradient:", np.round(run.gradient(scores), 4))
print("p - y:   ", np.round(run.value(p) - [0.0, 1.0, 0.0], 4))

# %% [markdown]
# They are the same numbers. The gradient is *what was said minus what is true*. For the dog it is negative: its score should grow.
# The cat, which got most of what belonged to the dog, is pushed down most.
#
# Why? Write the logarithm of the fraction as a difference:
#
# $$ L = -\log p_k = -s_k + \log \sum_j e^{s_j} $$
#
# The slope of the first part is −1 for the true class and 0 for the others: that is −y. The slope of the second part with respect to
# $s_i$ is $e^{s_i} / \sum_j e^{s_j}$, which is $p_i$. Together: p − y.

# %%
viz.draw(run, view="values+gradients", direction="TB")

# %% [markdown]
# ## Why they are computed together
#
# In the picture the gradient takes a detour: it passes through the logarithm, where it is divided by p, and then through the softmax,
# where it is multiplied by p again. If p is very small, the first step is huge and the second tiny, and digits get lost; if p is
# rounded to 0, the detour gives *not a number*.

# %%
run = gn.trace(loss, {scores: [800.0, 0.0, 0.0]})
print("loss", float(run.value(loss)), "  gradient", run.gradient(scores))

# %% [markdown]
# `gn.softmax_cross_entropy` takes the scores themselves and never forms the fraction. It is one node, and its slope is p − y by
# construction.

# %%
label = gn.input("label", (), "int64")
together = gn.softmax_cross_entropy(scores, label).named("loss")
run = gn.trace(together, {scores: [800.0, 0.0, 0.0], label: 1})
print("loss", float(run.value(together)), "  gradient", run.gradient(scores))

# %% [markdown]
# ## Many examples
#
# For a batch, the loss is the mean over the rows. Labels are numbers of classes: `1` means the same as (0, 1, 0).
#
# > Three examples, and the loss is their mean. By which factor does each row of p − y shrink?

# %%
many = gn.input("scores", ("batch", 3), "float64")
labels = gn.input("labels", ("batch",), "int64")
mean_loss = gn.softmax_cross_entropy(many, labels).named("loss")
numbers = np.array([[2.0, 1.0, -1.0], [0.0, 0.0, 0.0], [-1.0, 5.0, 0.0]])
run = gn.trace(mean_loss, {many: numbers, labels: [1, 2, 1]})
print(np.round(run.gradient(many), 3))
viz.draw(run, view="values+gradients", direction="TB")

# %% [markdown]
# Look at the second row: all scores are equal, so p is one third each, and the gradient pushes two classes down a little and one up
# twice as much. The rows of the gradient add up to 0: what one class wins the others lose. The last row is nearly 0: there the network is
# right already, and there is nothing to learn.
#
# **What to keep:** softmax turns scores into shares; cross-entropy is −log of the share of the truth; the gradient is p − y.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** The scores are 0 and 0. Which probability has each of the two classes?

# %%
answer = ...
gn.learn.check("08-1", answer)

# %% [markdown]
# **2.** p = (0.7, 0.2, 0.1), and the third class is the true one. Write the gradient with respect to the scores, as a list.

# %%
answer = ...
gn.learn.check("08-2", answer)

# %% [markdown]
# **3.** A network knows nothing yet: with 10 classes it gives each of them the same probability. How large is its loss? (This number
# tells you whether a training starts in good health.)

# %%
answer = ...
gn.learn.check("08-3", answer)

# %% [markdown]
# **4.** Write softmax as a function `answer(scores)` of a NumPy array. It must survive scores of 1000.

# %%
answer = ...
gn.learn.check("08-4", answer)
