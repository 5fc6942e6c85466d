# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 6. Build your own engine
#
# Everything that you have learnt fits into forty lines of Python. In this lesson you write them: values that remember what they are
# made of, and a backward pass. Then you look at graphnn and find the same parts, in the same places.
#
# (The idea of teaching it in this way is Andrej Karpathy's *micrograd*, 2020.)
#
# **After this lesson you can**
#
# - write an automatic differentiation engine,
# - test it against measurements and against another engine,
# - say which parts of it every framework has, and what a real one adds.
#
# Time: about 45 minutes. You need: lessons 1 to 4, and Python classes.

# %%
import math

import graphnn as gn
import viz

# %% [markdown]
# ## A value that remembers
#
# A number, the values it was made of (here called its **parents**; graphnn says operands), and for each of them the local
# derivative. Nothing more is needed for the chain rule. `__add__` and `__mul__` are what Python calls for `+` and `*`.


# %%
class Value:
    def __init__(self, number, parents=()):
        self.number = number
        self.parents = parents  # pairs: (value that it is made of, local derivative)
        self.grad = 0.0

    def __add__(self, other):
        other = as_value(other)
        return Value(self.number + other.number, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        other = as_value(other)
        return Value(self.number * other.number, ((self, other.number), (other, self.number)))

    def tanh(self):
        y = math.tanh(self.number)
        return Value(y, ((self, 1 - y * y),))


def as_value(thing):
    return thing if isinstance(thing, Value) else Value(thing)


a, b = Value(2.0), Value(-3.0)
c = a * b + a
c.number

# %% [markdown]
# `c` is the sum of `a * b` and `a`.
#
# > How many pairs does `c.parents` hold, and which local derivatives stand in them?

# %%
[(parent.number, local) for parent, local in c.parents]

# %% [markdown]
# ## The order
#
# A node passes on only when all its users have passed on to it. Walk down from the result, and write a node down *after* everything
# that it is made of; read backwards, every node then stands after all its users.
#
# `todo` is a pile of things to do; the last one put on it is done first. A value comes up twice. The first time it is put back, with
# a mark, and its parents are put on top of it. When it comes up with the mark, all its parents have been written down, and now it
# is written down too. (A function that calls itself would be shorter, but Python stops it in long chains.)


# %%
def in_order(result):
    order, seen, todo = [], set(), [(result, False)]
    while todo:
        value, parents_are_done = todo.pop()
        if parents_are_done:
            order.append(value)
        elif id(value) not in seen:
            seen.add(id(value))
            todo.append((value, True))  # the second time
            todo.extend((parent, False) for parent, _ in value.parents)
    return order


[value.number for value in in_order(c)]

# %% [markdown]
# ## The backward pass
#
# A few lines, and all of lessons 3 and 4 is in them: gradients begin at zero, and the result with 1; each value hands on upstream ×
# local; and what is handed on is **added**.


# %%
def backward(result):
    for value in in_order(result):
        value.grad = 0.0
    result.grad = 1.0
    for value in reversed(in_order(result)):
        for parent, local in value.parents:
            parent.grad += value.grad * local


backward(c)
a.grad, b.grad

# %% [markdown]
# The same numbers as in lesson 4, for the same formula.

# %% [markdown]
# ## Does it tell the truth?
#
# Never believe a gradient that was not checked. First by measuring:


# %%
def formula(x, w):
    return (x * w + x).tanh()


x, w = Value(0.5), Value(-1.2)
backward(formula(x, w))

h = 1e-5
later = formula(Value(0.5 + h), Value(-1.2)).number
earlier = formula(Value(0.5 - h), Value(-1.2)).number
print(x.grad, (later - earlier) / (2 * h))

# %% [markdown]
# Then by another engine. The differences between your gradients and those of graphnn are zero, or a last digit:

# %%
node_x, node_w = gn.scalar(0.5, "x"), gn.scalar(-1.2, "w")
y = gn.tanh(node_x * node_w + node_x).named("y")
y.backward()
print(x.grad - node_x.grad, w.grad - node_w.grad)
viz.draw(gn.trace(y), view="values+gradients", direction="TB")

# %% [markdown]
# ## Train something with it
#
# One neuron (lesson 1: weight, bias, tanh) learns to answer +1 to large numbers and −1 to small ones. The **loss** says how wrong it
# is: the sum of its squared errors. Your engine gives the slope of the loss with respect to weight and bias. Where the slope is
# positive, a smaller weight makes the loss smaller; so each of them takes a little step *against* its gradient, a hundred times.

# %%
weight, bias = Value(0.1), Value(0.0)
data = [(-2.0, -1.0), (-1.0, -1.0), (1.0, 1.0), (3.0, 1.0)]
losses = []
for _ in range(100):
    loss = Value(0.0)
    for x, wanted in data:
        error = (weight * x + bias).tanh() + (-wanted)
        loss = loss + error * error
    backward(loss)
    for value in (weight, bias):
        value.number -= 0.1 * value.grad
    losses.append(loss.number)

print(f"first loss {losses[0]:.3f}, last loss {losses[-1]:.3f}")
print(f"weight {weight.number:.2f}, bias {bias.number:.2f}")
for x, wanted in data:
    print(f"{x} -> {(weight * x + bias).tanh().number:.2f}, wanted {wanted}")

# %% [markdown]
# ## The same parts in a real engine
#
# | your engine | graphnn |
# |---|---|
# | `Value` | `gn.Node`: op, operands, shape, dtype |
# | `parents` | `node.operands`, and `graph.edges` |
# | local derivative, a number | the op's *slope*, written in ops: a node |
# | `in_order` | `graph.nodes`, always in topological order |
# | `backward` | `gn.gradient`, which gives nodes; `y.backward()` for scalars |
# | one number per value | arrays of any shape (lesson 7) |
# | Python runs each step | compiled kernels run a plan (lesson 23) |
#
# The greatest difference is in the third line. Your local derivatives are *numbers*: nobody can tell how they came about. In graphnn
# they are *nodes*: a gradient is a graph, can be drawn, and has a gradient of its own, the slope of the slope.

# %%
x = gn.scalar(0.5, "x")
y = gn.tanh(x).named("y")
slope = gn.gradient(y, x).named("slope")
curvature = gn.gradient(slope, x).named("curvature")
print(float(slope.value), float(curvature.value))
viz.draw(slope, view="structure", direction="TB")

# %% [markdown]
# > What would you have to change in `Value` so that `backward` gives values that can be differentiated again?
#
# Store, instead of the number `1 - y * y`, the *expression* 1 − y², made of `Value`s. Then the backward pass multiplies and adds
# `Value`s, and its results remember what they are made of.
#
# **What to keep:** remember the operands and the local derivatives; go backwards in topological order; add.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** Write a function `answer(number)` that returns the pair `(value, local derivative)` of exp at `number` (both are plain
# numbers), as a new operation of `Value` would need it. `math.exp` gives the value.

# %%
answer = ...
gn.learn.check("06-1", answer)

# %% [markdown]
# **2.** The same for relu, the positive part: relu(x) is x where x is above 0, and 0 elsewhere. Take 0 as its slope at 0.

# %%
answer = ...
gn.learn.check("06-2", answer)

# %% [markdown]
# **3.** Somebody writes `parent.grad = value.grad * local` in `backward`, with `=` in place of `+=`. For which of these formulas is the
# gradient of `a` still right: `"a * b"`, `"a * a"` or `"a * b + a"`? Answer with the formula, in quotes.

# %%
answer = ...
gn.learn.check("06-3", answer)

# %% [markdown]
# **4.** The whole engine in one function. `answer(parents)` gets, for each node in topological order (operands first), a list of pairs
# `(number of the operand, local derivative)`; the last node is the result. It returns the list of all gradients.
#
# For `[[], [], [(0, -3.0), (1, 2.0)], [(2, 1.0), (0, 1.0)]]`, which is the graph of a · b + a, it returns `[-2.0, 2.0, 1.0, 1.0]`.

# %%
answer = ...
gn.learn.check("06-4", answer)

# %% [markdown]
# Next: lesson 7 puts many numbers into one node.
