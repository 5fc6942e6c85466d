# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 9. A neuron, and what it cannot do
#
# A neuron weighs its inputs, adds them up, and fires above a threshold. In 1943 McCulloch and Pitts showed that such units compute AND,
# OR and NOT. In 1958 Rosenblatt showed that they can *learn* it. In 1969 Minsky and Papert showed what one of them can never learn.
# The way out is a hidden layer, and to train it one needs backpropagation.
#
# **After this lesson you can**
#
# - choose the weights of a threshold unit for AND, OR and NOT by hand,
# - let a perceptron find them, and explain its rule,
# - say why one unit cannot do XOR, and build two layers that can.
#
# Time: about 40 minutes. You need: lessons 3 and 7.

# %%
import numpy as np

import graphnn as gn
import viz

# %% [markdown]
# ## A threshold unit
#
# It adds up its weighted inputs. If the sum exceeds the threshold it gives 1, else 0.

# %%
x = gn.input("x", ("batch", 2), "float64")
table = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def unit(weights, threshold, name):
    w = gn.constant(np.array(weights).reshape(2, 1), "float64").named("w")
    total = (x @ w - threshold).named("total")
    return gn.step(total).named(name)


and_unit = unit([1.0, 1.0], 1.5, "AND")
viz.draw(and_unit, view="structure", direction="TB")

# %% [markdown]
# > For which of the four rows (0,0), (0,1), (1,0), (1,1) is the sum above 1.5?

# %%
print(gn.trace(and_unit, {x: table}).value(and_unit).ravel())

# %% [markdown]
# Only for the last: both inputs are needed. With a lower threshold one is enough:

# %%
or_unit = unit([1.0, 1.0], 0.5, "OR")
print(gn.trace(or_unit, {x: table}).value(or_unit).ravel())

# %% [markdown]
# **Why a threshold?** It moves the line away from the middle. With the threshold 0 the line goes through the origin. (Written on the other
# side of the sum, with the opposite sign, it is called the **bias**: sum + bias > 0.)
#
# > Is there a pair of weights that makes AND with the threshold 0? Look at the rows (0,1) and (1,0) first.

# %%
grid = np.linspace(-2.0, 2.0, 41)
for threshold in (0.0, 1.0):
    fit = [
        (p, q) for p in grid for q in grid if list(table @ [p, q] > threshold) == [False, False, False, True]
    ]
    print(f"threshold {threshold}: {len(fit)} of {len(grid) ** 2} pairs of weights make AND")

# %% [markdown]
# None: for (0,1) and (1,0) to give 0, neither weight may be positive, and then their sum is not, either.
#
# ## Learning instead of choosing
#
# Rosenblatt's perceptron begins with any weights, looks at one example after the other, and moves only when it was wrong:
#
# - it said 0 and should have said 1: add the input to the weights,
# - it said 1 and should have said 0: subtract it.


# %%
def perceptron(wanted, rounds=20):
    weights, bias = np.zeros(2), 0.0
    for turn in range(rounds):
        mistakes = 0
        for row, target in zip(table, wanted):
            said = 1.0 if row @ weights + bias > 0 else 0.0
            if said != target:
                weights += (target - said) * row
                bias += target - said
                mistakes += 1
        if mistakes == 0:
            return weights, bias, turn
    return weights, bias, None


for name, wanted in {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1]}.items():
    weights, bias, turn = perceptron(wanted)
    print(f"{name}: weights {weights}, bias {bias}, no mistake in round {turn}")

# %% [markdown]
# What such a unit can do is to draw a line and to answer 1 on one side of it. Here is the line for OR; each point is a row of the
# table. The point (0, 0) lies just on the line: it is not above it, so the answer is 0.

# %%
weights, bias, _ = perceptron([0, 1, 1, 1])
viz.boundary(
    lambda rows: (rows @ weights + bias > 0) * 1.0,
    (table, np.array([0, 1, 1, 1])),
    span=((-0.5, 1.5), (-0.5, 1.5)),
    scores="probabilities",
)

# %% [markdown]
# ## XOR
#
# XOR is 1 if exactly one input is 1.
#
# > Draw the four points on paper: (0,0) and (1,1) are 0, (0,1) and (1,0) are 1. Can you draw one straight line that parts the two kinds?

# %%
print(perceptron([0, 1, 1, 0], rounds=1000)[2])

# %% [markdown]
# `None`: after a thousand rounds it still makes mistakes, and it always will. No single line does it. But two lines do: XOR is
# "OR, but not AND". Two units draw two lines, a third one combines their answers.

# %%
hidden = gn.concat([or_unit, and_unit], axis=1).named("hidden")
out_w = gn.constant([[1.0], [-1.0]], "float64").named("v")
xor = gn.step(hidden @ out_w - 0.5).named("XOR")
print(gn.trace(xor, {x: table}).value(xor).ravel())

# %% [markdown]
# ## Who teaches the hidden units?
#
# The perceptron's rule needs to know what a unit *should* have said. For the hidden ones nobody knows. The gradient does: it says for
# every weight, however deep inside, in which direction the loss falls. But a threshold is flat, with a jump:

# %%
viz.curve({"threshold": lambda node: gn.step(node), "sigmoid": gn.sigmoid, "tanh": gn.tanh})

# %% [markdown]
# > Look at the slopes on the right. Which of the three cannot be trained by gradients, and why?
#
# The slope of the threshold is 0 everywhere: no gradient passes it. A smooth bend, as sigmoid or tanh, does nearly the same and has a
# slope. With it, backpropagation trains the hidden layer too:

# %%
wanted = gn.input("wanted", ("batch", 1), "float64")
net = gn.nn.Sequential([gn.nn.Dense(2, gn.tanh, name="hidden"), gn.nn.Dense(1, name="out")], seed=4)
answer_node = net(x)
loss = gn.mean_squared_error(answer_node, wanted).named("loss")
data = {"x": table, "wanted": np.array([[0.0], [1.0], [1.0], [0.0]])}
before = gn.trace(loss, data)
viz.draw(before, hide="broadcasts", fold=["out", "mean_squared_error"], direction="TB")

# %%
trainer = gn.Trainer(loss, gn.optim.Adam(0.05), output=answer_node)
trainer.fit(data, epochs=400, batch=4, progress=False)
print(np.round(trainer.predict({"x": table}).ravel(), 2))

# %% [markdown]
# Now look at how it divides the plane: a band instead of a line.

# %%
viz.boundary(
    lambda rows: np.clip(trainer.predict({"x": rows}).ravel(), 0.0, 1.0),
    (table, np.array([0, 1, 1, 0])),
    span=((-0.5, 1.5), (-0.5, 1.5)),
    scores="probabilities",
)

# %% [markdown]
# **What to keep:** a unit is a line; what lines cannot part needs a hidden layer; a hidden layer needs gradients; gradients need a bend
# that is not flat.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** A threshold unit has a single input x (0 or 1), the weight −1, and fires if −x is greater than the threshold t. Give a threshold t
# that makes it NOT.

# %%
answer = ...
gn.learn.check("09-1", answer)

# %% [markdown]
# **2.** Give weights and threshold `(w1, w2, t)` for "x1 and not x2": 1 only for the row (1, 0).

# %%
answer = ...
gn.learn.check("09-2", answer)

# %% [markdown]
# **3.** Which of these can a single unit learn: `"and"`, `"xor"`, `"equal"` (1 if both inputs are the same)?

# %%
answer = ...
gn.learn.check("09-3", answer)

# %% [markdown]
# **4.** Write the perceptron's rule as a function `answer(weights, row, target)` (NumPy arrays; no bias): it returns the new weights
# after looking at one example. The unit fires if `row @ weights > 0`.

# %%
answer = ...
gn.learn.check("09-4", answer)
