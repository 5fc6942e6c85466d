# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 21. Attention
#
# A recurrent network must squeeze all that it has read into one state. **Attention** looks back at everything at once, and decides for each word how much it
# listens to each other word. It is three matrix products and a softmax, and the base of today's language models.
#
# **After this lesson you can**
#
# - compute attention by hand: query, key, value, weights, mixture,
# - say why scores are divided by a root, why a model for text needs a mask, and why positions must be told,
# - build a transformer block, and train a small one.
#
# Time: about 45 minutes. You need: lessons 8, 17 and 20.

# %%
import numpy as np

import graphnn as gn
import viz

# %% [markdown]
# ## Ask, compare, mix
#
# Each word sends three vectors: a **query** (what am I looking for?), a **key** (what do I have to offer?), and a **value** (what do I say?). The query of
# one word is compared with the keys of all words, by a product. Softmax makes shares of the scores. The result is the mixture of all values by these
# shares.
#
# $$ \text{attention}(Q, K, V) = \text{softmax}\left( \frac{Q K^T}{\sqrt{d}} \right) V $$

# %%
q = gn.input("q", (2, 2), "float64")
k = gn.input("k", (3, 2), "float64")
v = gn.input("v", (3, 1), "float64")
scores = (q @ gn.transpose(k) / np.sqrt(2.0)).named("scores")
shares = gn.softmax(scores).named("shares")
mixed = (shares @ v).named("mixed")
feeds = {
    q: [[5.0, 0.0], [0.0, 0.0]],
    k: [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]],
    v: [[10.0], [20.0], [30.0]],
}

# %% [markdown]
# > The first query points along the first key. The second query is (0, 0). Which mixtures come out, roughly? (The values are 10, 20, 30.)

# %%
run = gn.trace(mixed, feeds)
viz.draw(run, view="values", hide=["broadcasts", "constants"], direction="TB")

# %%
print(np.round(run.value(shares), 3))
print(np.round(run.value(mixed).ravel(), 2))

# %% [markdown]
# The first query finds its key, and takes nearly all of its value. The second has no preference, and gets the mean. Attention is a **soft** look-up: like a
# dictionary in which every key fits a little.
#
# ## Why the root?
#
# Scores are sums of d products; with d they grow like √d. Large scores make softmax all or nothing, and there its slope is nearly 0 (lesson 12).

# %%
draw = np.random.default_rng(0)
for d in (4, 64, 1024):
    a, b = draw.normal(size=(200, d)), draw.normal(size=(200, d))
    products = np.sum(a * b, axis=1)
    print(
        f"d = {d:4}: spread of the scores {products.std():5.1f}, divided by the root of d {products.std() / np.sqrt(d):.2f}"
    )

# %% [markdown]
# ## Not into the future
#
# A model that continues a text must not look at words that come later. A **mask** forbids them: their scores become −∞, their shares 0.

# %%
words = gn.input("words", (4, 6), "float64")
masked = gn.masked_softmax(words @ gn.transpose(words) / np.sqrt(6.0), gn.causal_mask(4)).named("shares")
run = gn.trace(masked, {words: draw.normal(size=(4, 6))})
print(np.round(run.value(masked), 2))

# %% [markdown]
# Each row is a word, each column a word that it listens to. The first word can only listen to itself.
#
# > Exchange two words of a sentence. Without a mask: do the *other* words notice?

# %%
attention = gn.scaled_dot_product_attention(words[None], words[None], words[None])
rows = draw.normal(size=(4, 6))
before = gn.trace(attention, {words: rows}).value(attention)[0]
after = gn.trace(attention, {words: rows[[1, 0, 2, 3]]}).value(attention)[0]
print(np.allclose(before[2:], after[2:]))

# %% [markdown]
# They do not: a mixture does not know where its parts stood. So the position is **told**: each place adds its own pattern of waves to its word. In the
# picture each row is a place.

# %%
positions = gn.positional_encoding(24, 16)
viz.weights(np.array(positions.value))

# %% [markdown]
# ## A transformer block
#
# Attention in several **heads** (each asks its own questions), then a small network for each word; before each of them a layer normalisation, around each of
# them a way past (lesson 12), which keeps gradients alive.

# %%
x = gn.input("x", ("batch", 10, 16))
block = gn.nn.TransformerBlock(4, hidden=32, seed=1)
viz.draw(
    gn.Graph(block(x)), view="shapes+parameters", depth=2, hide=["broadcasts", "constants"], direction="TB"
)

# %% [markdown]
# ## A task for it
#
# Reverse a row of digits. For each place the network must find **one certain other place**: this is what attention is for.

# %%
length, digits = 6, 8
pairs = draw.integers(0, digits, size=(2000, length))
source, target = gn.input("x", ("batch", length), "int64"), gn.input("y", ("batch", length), "int64")
embedded = gn.nn.Embedding(digits, 32, seed=1)(source)
placed = gn.nn.PositionalEncoding()(embedded)
hidden = gn.nn.TransformerBlock(2, hidden=64, causal=False, seed=2)(placed)
answers = gn.nn.Dense(digits, seed=3)(hidden)
loss = gn.softmax_cross_entropy(answers.reshape((-1, digits)), target.reshape((-1,)))
trainer = gn.Trainer(loss, gn.optim.Adam(0.003), output=answers)
train, test = slice(0, 1800), slice(1800, 2000)
history = trainer.fit({"x": pairs[train], "y": pairs[train][:, ::-1]}, epochs=25, batch=60, progress=False)
said = trainer.predict({"x": pairs[test]}).argmax(axis=-1)
print("digits right:", np.mean(said == pairs[test][:, ::-1]))
print(pairs[test][0], "->", said[0])

# %%
viz.training_curve(history)

# %% [markdown]
# Where did it look? The shares of one head, for one example: each row is a place of the answer, each column a place of the question.

# %%
run = trainer.inspect({"x": pairs[test][:1], "y": pairs[test][:1, ::-1]})
shares = next(n for n in run.graph.nodes if n.op.name in ("softmax", "masked_softmax"))
head = np.array(run.value(shares)).reshape(-1, length, length)[0]
print(np.round(head, 1))

# %% [markdown]
# Read the largest share of each row: the first place of the answer looks at the last place of the question, and so on, backwards.
#
# **What to keep:** scores from queries and keys, shares by softmax, a mixture of values; a mask for what must not be seen; positions must be told.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** One query, two keys. The scores are 0 and 0, the values 4 and 10. What comes out?

# %%
answer = ...
gn.learn.check("21-1", answer)

# %% [markdown]
# **2.** A text of 500 words: how many scores does one attention compute, without a mask?

# %%
answer = ...
gn.learn.check("21-2", answer)

# %% [markdown]
# **3.** Write a function `answer(q, k, v)` of NumPy arrays (n, d), (m, d), (m, e) that computes attention.

# %%
answer = ...
gn.learn.check("21-3", answer)

# %% [markdown]
# **4.** A model for text without a mask has a training loss near 0, but writes nonsense. Why: `"it saw the next word"`, `"too few heads"` or
# `"no positions"`?

# %%
answer = ...
gn.learn.check("21-4", answer)
