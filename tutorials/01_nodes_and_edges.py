# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 1. Nodes and edges
#
# A neural network is a formula, and a formula is a graph: **nodes** compute, **edges** carry numbers from one node to the
# next. Nothing else is needed to understand how a network of a million parts is trained.
#
# **After this lesson you can**
#
# - turn a formula into a graph and read the picture of it,
# - say which nodes a node hangs on, and in which order a computer has to work them out,
# - tell a graph (what is to be computed) from a run (what came out for certain numbers).
#
# Time: about 25 minutes. You need: Python variables and operators.
#
# You may read this page, or better, run it: *Quick start*, first in the menu, says how to open the lessons as notebooks. In a
# plain Python session a picture does not show itself: write `.save("picture.svg")` behind `viz.draw(...)` and open that file in
# a browser, or `print(viz.draw(...).text)`.

# %%
import graphnn as gn
import viz

# %% [markdown]
# ## A formula becomes a graph
#
# `gn.scalar` makes a node that holds one number, and gives it a name. Python's own operators make new nodes out of nodes;
# `.named` gives these a name.

# %%
a = gn.scalar(2.0, "a")
b = gn.scalar(-3.0, "b")
p = (a * b).named("p")
c = (p + a).named("c")

viz.draw(c, view="structure")

# %% [markdown]
# Read it from left to right. The boxes are nodes. `a` and `b` stand at the beginning, because they are made of nothing: such
# nodes are called **leaves**. (They are marked *parameter*: a number that training may change later.) `p` is a product, `c` is
# a sum: *mul* and *add* say which operation the node does, in short its **op**. Every wire is an edge: it says *this number
# goes in there*. The node where it goes in calls it an **operand**: a product has two operands.
#
# The small letters `a` and `b` *inside* a box are not your `a` and `b`. They name the places of the operands, in every box: a is
# the first, b is the second.
#
# Look at `a`: two wires leave it. `a` is used twice, but it is drawn once, because it **is** one thing. That will matter a
# great deal in lesson 4.

# %% [markdown]
# ## Predict, then look
#
# > With a = 2 and b = −3: which number will stand in the box of `p`, and which in the box of `c`?
#
# Write the two numbers down before you run the next cell.

# %%
viz.draw(c, view="values")

# %% [markdown]
# The picture now shows a **run**: the same graph with numbers in it. (*scalar · float64* means: one number, of Python's ordinary
# kind.) To get a number in Python, ask the node.

# %%
float(p.value), float(c.value)

# %% [markdown]
# ## The graph as objects
#
# The graph is not hidden anywhere. It is a list of nodes, and each node knows its operands.

# %%
graph = gn.Graph(c)
for node in graph.nodes:
    operands = ", ".join(str(operand.name) for operand in node.operands) or "nothing"
    print(f"{node.name} = {node.op.name} of {operands}")

# %% [markdown]
# The nodes came out in an order in which they can be computed: every node stands after its operands. Such an order is
# called **topological**. There is no other way to work a formula out: whoever computes `c` first does not have `p` yet.
#
# The edges are a list too. Here is each of them, with the place where it goes in:

# %%
for edge in graph.edges:
    print(f"{edge.source.name} -> {edge.target.name}, at its place {edge.port}")

# %% [markdown]
# > How many edges will `d = a * a` have? One, because there is one source, or two, because a product has two operands?

# %%
d = (a * a).named("d")
print(len(gn.Graph(d).edges))
viz.draw(d, view="structure")

# %% [markdown]
# Two: the product does not care that both operands are the same node. A picture that showed a single wire would hide half of
# the truth, and later half of the gradient.

# %% [markdown]
# ## A graph that waits for numbers
#
# `gn.scalar` holds its number. `gn.input` is a promise: *a number will come here*. Behind the name stand its shape and its kind:
# `()` is the shape of a single number (lesson 7 has larger ones), `"float64"` is Python's ordinary kind of number.

# %%
x = gn.input("x", (), "float64")
y = (x * x - 1.0).named("y")
viz.draw(y)

# %% [markdown]
# The 1 has become a node as well, a **constant**: a leaf whose number never changes.
#
# The graph is made once, and can then be run with many numbers. `gn.trace` runs it and keeps all values. It is given the result,
# and a dictionary that says which number goes into which input.

# %%
for number in (0.0, 1.0, 3.0):
    run = gn.trace(y, {x: number})
    print(number, "->", float(run.value(y)))

# %% [markdown]
# Before a run there is no value, and graphnn says so instead of showing a zero. "Not computed" and "zero" are two different
# things; beginners who mix them up look for mistakes that are not there.

# %%
try:
    y.value
except gn.GraphnnError as error:
    print(error)

# %% [markdown]
# ## A neuron is such a graph
#
# A neuron multiplies each of its inputs by a number of its own, the **weight** of this input. It adds the products, and one more
# number, the **bias**. Then it bends the sum by a function that is not a straight line, here tanh: an S-shaped curve between −1
# and 1. Five leaves, five operations (read this picture from top to bottom, the way that `direction="TB"` asks for):

# %%
x1, x2 = gn.scalar(2.0, "x1"), gn.scalar(0.5, "x2")
w1, w2 = gn.scalar(-1.0, "w1"), gn.scalar(3.0, "w2")
bias = gn.scalar(1.0, "bias")
total = (x1 * w1 + x2 * w2 + bias).named("total")
out = gn.tanh(total).named("out")
viz.draw(out, view="values", direction="TB")

# %% [markdown]
# A network is many of these, joined: the output of one is the input of the next. Any arrangement is a network, as long as no
# way along the edges leads back to where it began.
#
# **What to keep:** a node computes, an edge carries; operands come first; a graph says *what*, a run says *how much*.

# %% [markdown]
# ## Exercises
#
# Put your answer in place of the three dots and run the cell. A wrong answer gets a hint; try as often as you like. Solutions, with
# their reasons, lie in the folder `tutorials/solutions` of the project: one file for each lesson.

# %% [markdown]
# **1.** `x` is an input, `d = x * x` and `e = d + x`. How many nodes does the graph of `e` have?

# %%
answer = ...
gn.learn.check("01-1", answer)

# %% [markdown]
# **2.** How many edges does the same graph have?

# %%
answer = ...
gn.learn.check("01-2", answer)

# %% [markdown]
# **3.** `s = x + y`, `p = s * y`, `z = p - s`. Write the five names in an order in which a computer can work them out,
# as a list such as `["z", "x", ...]`.

# %%
answer = ...
gn.learn.check("01-3", answer)

# %% [markdown]
# **4.** Build a node for x² + 3x, from the input below.

# %%
x = gn.input("x", (), "float64")
answer = ...
gn.learn.check("01-4", answer)

# %% [markdown]
# **5.** Build a graph that begins at a single variable `x` and uses it in two different operations. Constants do not count. Answer
# with the last node of the graph, then look at it: `viz.draw(answer)`.

# %%
x = gn.scalar(2.0, "x")
answer = ...
gn.learn.check("01-5", answer)

# %% [markdown]
# Next: lesson 2 turns a knob of such a graph a little, and looks how far the result moves.
