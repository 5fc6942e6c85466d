# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 23. Inside the engine
#
# A graph says *what* is to be computed; a **program** is a plan of *how*: in which order, by which machine code, in which memory. This
# lesson follows a graph from `gn.Program(...)` to the numbers, and you can look at every station.
#
# **After this lesson you can**
#
# - read a plan: which steps there are, when a value is made, and when its memory is free again,
# - say what a kernel is, when it is compiled, and why a new graph needs no compiler,
# - compare the speed of two programs with care, and save memory by computing something twice.
#
# Time: about 45 minutes. You need: lessons 5 and 7; lesson 6 helps.

# %%
import statistics
import time

import numpy as np

import graphnn as gn
import viz

# %% [markdown]
# ## Station 1: a smaller graph
#
# Before anything runs, the engine looks for work that nobody needs. Here is a clumsy formula.

# %%
a = gn.input("a", ("n",), "float64")
turned = -a
clumsy = (-turned * (gn.constant(3.0, dtype="float64") - 2.0) + a * 1.0).named("y")
viz.draw(clumsy, view="structure", direction="TB", hide=["broadcasts"])

# %% [markdown]
# > Minus minus a, times 3 − 2, plus a times 1. What is the shortest formula for the same number? How many operations does it need?

# %%
print(gn.simplify(gn.Graph(clumsy)))

# %% [markdown]
# `gn.simplify` gives the same values from a smaller graph: equal nodes become one, constants are worked out once, and what changes nothing
# is left out. `gn.Program` does this by itself.
#
# ## Station 2: steps
#
# A program goes further. Nodes that often stand together are **fused**: one step does the work of several. Take a net with two layers.

# %%
x = gn.input("x", ("batch", 4), "float64")
net = gn.nn.Sequential([gn.nn.Dense(8, gn.tanh), gn.nn.Dense(1)], seed=1)
loss = gn.mean(gn.square(net(x))).named("loss")
viz.draw(loss, view="structure", direction="TB", hide=["broadcasts"])

# %% [markdown]
# > How many steps will be left, if a whole layer (product, bias, tanh) can be one step?

# %%
program = gn.Program(loss)
print(program.lifetimes(batch=32))

# %% [markdown]
# Every row is a step, in the order of execution. `linear_tanh` is a whole layer. For comparison, the plan that does exactly what you wrote:

# %%
print(gn.Program(loss, optimize=False).lifetimes(batch=32))

# %% [markdown]
# The numbers that come out are the same, up to rounding. So why do we draw the graph that you wrote, and not the one that runs? Because
# yours is the one that you understand.
#
# ## Station 3: order
#
# The order is topological, as in lesson 1: operands first. A **stepper** stops after every node, so that you can watch.

# %%
p, q = gn.input("p", (), "float64"), gn.input("q", (), "float64")
s = (p + q).named("s")
t = (s * q).named("t")
z = (t - s).named("z")
viz.draw(z, view="structure")

# %%
stepper = gn.Stepper(z, {"p": 1.0, "q": 2.0})
while stepper.waiting:
    node = stepper.step()
    print(
        "did",
        node.name,
        "=",
        float(stepper.value(node)),
        "  still waiting:",
        [n.name for n in stepper.waiting],
    )

# %% [markdown]
# A node without its operands has nothing to compute from. The stepper says so, in place of a wrong number.

# %%
stepper = gn.Stepper(z, {"p": 1.0, "q": 2.0})
try:
    stepper.run(t)
except gn.GraphnnError as error:
    print(error)

# %% [markdown]
# ## Station 4: memory
#
# When the order is known, so is the **lifetime** of every value: from the step that makes it to the last step that reads it. After that its
# memory is free for another value. All values live in one block, the **arena**.
#
# > A chain of eight sines, each value 8000 bytes. Nobody reads an old value but the next sine. How many bytes does the arena need:
# > 64 000, 16 000 or 8 000?

# %%
start = gn.input("start", (1000,), "float64")
end = start
for _ in range(8):
    end = gn.sin(end)
chain = gn.Program(end)
print(chain.lifetimes())
print("arena:", chain.memory()["arena"], "bytes")

# %% [markdown]
# Look at the column *steps*: value 0 … 1 and value 1 … 2 meet in step 1, since a sine reads one while it writes the other. Never are three
# alive. Two rooms are enough, and they take turns.
#
# A run of `gn.trace` keeps every value and every gradient, since you want to look at them. That costs memory.

# %%
run = gn.trace(gn.sum(end).named("total"), {start: np.linspace(0, 1, 1000)})
print("a program: ", chain.memory()["arena"], "bytes")
print("a trace:   ", run.memory()["arena"], "bytes")

# %% [markdown]
# The view `memory` writes bytes and lifetime into the picture. Here with the backward pass: a value that a slope needs later lives longer.

# %%
rows = np.random.default_rng(0).normal(size=(32, 4))
viz.draw(gn.trace(loss, {x: rows}), view="memory", hide="broadcasts", direction="TB", width=390)

# %% [markdown]
# ## Station 5: kernels
#
# A **kernel** is the machine code of one op for one type of number: `sin` for float64. It knows no shape and no graph. What to work on stands
# on a **page**: the addresses of operands and result, and their sizes. One kernel, many pages.
#
# Compiling a kernel takes long, so its code is kept in a file. A new graph of known ops needs new pages only.
#
# > We build a graph of 1500 nodes. How many new kernels does it need?

# %%


def kernels():
    """What the cache folder of this machine holds."""
    facts, _ = gn.diagnose()
    return facts["cache state"].split(",")[0]


start_small = gn.Program(gn.tanh(a * a + 1.0)).run({a: np.ones(3)})
before = kernels()
began = time.perf_counter()
deep = a
for _ in range(500):
    deep = gn.tanh(deep * a + 1.0)
long = gn.Program(deep)
long.run({a: np.ones(10)})
first = time.perf_counter() - began
began = time.perf_counter()
long.run({a: np.ones(10)})
second = time.perf_counter() - began
print("steps:", long.lifetimes(n=10).steps)
print("before:", before, "  after:", kernels())
print(f"building, planning and the first run took {first / second:.0f} times as long as the second run")

# %% [markdown]
# No kernel was added: `mul`, `add` and `tanh` for float64 were there. The first run pays for the plan, the second does not.
#
# ## Station 6: the driver
#
# The steps are rows of a table: *this kernel, with that page*. A small compiled loop, the **driver**, goes through the table. Python is
# not asked between two steps, nor between two passes if you say `repeats=`.
#
# > 1000 passes in one call, or 1000 calls from Python: which part of the time is Python, for a small graph?

# %%


def seconds(work, repeats=1):
    """Time of one call, in seconds."""
    began = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - began) / repeats


def compare(one, other, turns=15, repeats=1):
    """How many times as long `one` takes as `other`: the median of many turns, the two side by side."""
    one(), other()  # the first call pays for plans, caches and pages of memory: it does not count
    return statistics.median(seconds(one, repeats) / seconds(other, repeats) for _ in range(turns))


small = gn.Program(z)
feeds = {"p": 1.0, "q": 2.0}
calls = compare(lambda: [small.run(feeds) for _ in range(1000)], lambda: small.run(feeds, repeats=1000))
print(f"1000 calls take {calls:.0f} times as long as one call with repeats=1000")

# %% [markdown]
# So nearly all the time of a small graph is the way from Python and back. That is why `Trainer.fit` hands over many steps at once.
#
# ## Timing is an experiment
#
# Look at `compare` again. It holds four rules: the first call does not count; both take turns, so that a busy moment hits both; many turns;
# and the median, which one odd turn cannot move. One more is not in the code: both must give the same numbers.

# %%
data = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
weights = [np.random.default_rng(k).normal(size=(64, 64)).astype(np.float32) / 8 for k in range(3)]
h = gn.input("h", (64, 64))
g = h
for weight in weights:
    g = gn.tanh(g @ gn.constant(weight))
layers = gn.Program(g)


def by_numpy():
    found = data
    for weight in weights:
        found = np.tanh(found @ weight)
    return found


print("same numbers:", np.allclose(layers.run({h: data}), by_numpy(), atol=1e-5))
ratio = compare(by_numpy, lambda: layers.run({h: data}), repeats=20)
print(f"NumPy takes {ratio:.2f} times as long as graphnn, here and now")

# %% [markdown]
# Run this cell three times. The ratio moves: it belongs to this machine, these sizes and this minute. A ratio near 1 says nothing about who
# is faster. Try large matrices, or float64: the answer may turn round.
#
# ## Station 7: tiles
#
# A processor computes faster than memory delivers. Near it lies a small, fast memory: its **cache**. A value of a million numbers does not
# fit in. So neighbours that work element by element run piece by piece: all of them on one **tile**, then on the next.

# %%
big = gn.input("big", (1_000_000,), "float64")
end = big
for _ in range(8):
    end = end * big + 0.5
tiled, whole = gn.Program(end), gn.Program(end, tiles=False)
print(tiled.lifetimes())

# %% [markdown]
# Read the column *where*. A value "in the cache" is never whole in memory: only a tile of it is alive.
#
# > Will the bits of the result change, if all is done piece by piece?

# %%
numbers = {big: np.linspace(0, 1, 1_000_000)}
print("same bits:", np.array_equal(tiled.run(numbers), whole.run(numbers)))
print("arena, tiled:", tiled.memory()["arena"], "  whole:", whole.memory()["arena"])
passes = compare(lambda: whole.run(numbers, repeats=5), lambda: tiled.run(numbers, repeats=5), turns=7)
print(f"without tiles it takes {passes:.2f} times as long")

# %% [markdown]
# The same kernels in the same order for each element: the same bits.
#
# ## Where does the work go?
#
# `gn.cost` counts operations and bytes before anything runs. An axis with a name stays a name.

# %%
images = gn.input("images", ("batch", 64))
digit_net = gn.nn.Sequential([gn.nn.Dense(128, gn.relu), gn.nn.Dense(10)], seed=1)
digit = gn.input("digit", ("batch",), "int64")
digit_loss = gn.softmax_cross_entropy(digit_net(images), digit).named("loss")
print("operations:", gn.cost(digit_loss).operations)
print("for a batch of 256:", gn.cost(digit_loss, batch=256).operations)

# %% [markdown]
# > Two products: 64 × 128 and 128 × 10 weights. Which one costs more, and how many times as much?

# %%
digits = gn.data.digits()
run = gn.trace(digit_loss, {images: digits.x[:256], digit: digits.y[:256]})
viz.draw(run, view="cost", hide=["broadcasts", "constants"], direction="TB", width=390)

# %% [markdown]
# Counting is not measuring. `view="time"` runs every node often and writes how long it took, its gradient included.

# %%
viz.draw(run, view="time", hide=["broadcasts", "constants"], direction="TB", width=390)

# %% [markdown]
# A fused layer has one time, which stands at the last of its nodes. Compare the two pictures. Where time and count disagree, something else than arithmetic is dear: reading memory, or a
# function such as exp that counts as one operation.
#
# ## Memory for time
#
# The backward pass needs the values of the forward pass, so they all stay alive. `gn.checkpoint` drops the values inside of a block, and
# computes them again when the backward pass comes there.
#
# > A chain of 36 sines. Blocks of 1, of 6, or of 36: which needs the least memory?

# %%


def blocks_of(size):
    """36 sines in blocks of this size, and the slope with respect to the start; 0 for no blocks."""
    end = start
    for block in range(36 // size if size else 1):
        if not size:
            for _ in range(36):
                end = gn.sin(end)
            continue
        with gn.checkpoint(f"block{block}"):
            for _ in range(size):
                end = gn.sin(end)
    return gn.Program(gn.gradient(gn.sum(end), start))


point = {start: np.linspace(0, 1, 1000)}
wanted = blocks_of(0).run(point)
print("blocks   rooms in the arena   steps   same bits")
for size in (0, 1, 3, 6, 12, 36):
    slope = blocks_of(size)
    rooms = slope.memory()["arena"] / 8000
    print(f"{size:6} {rooms:20.0f} {slope.lifetimes().steps:7}   {np.array_equal(slope.run(point), wanted)}")

# %% [markdown]
# Blocks of one save nothing: what stands between two blocks is kept, and here that is everything. One block of all saves nothing either: when
# it is computed again, all its values are alive together. The middle, near the square root, is best. The price stands in the column *steps*.
#
# **What to keep:** the graph is rewritten, ordered, given memory by lifetimes, and run by a loop over (kernel, page). Kernels are compiled
# once, plans are made once; measure before you believe.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** In the graph of station 3 (`s = p + q`, `t = s * q`, `z = t - s`) the three steps have the numbers 0, 1 and 2. In which step is `s`
# read for the last time?

# %%
answer = ...
gn.learn.check("23-1", answer)

# %% [markdown]
# **2.** A chain of twelve sines, each value 8000 bytes, only the last value wanted, no gradient. How many bytes does the arena need?

# %%
answer = ...
gn.learn.check("23-2", answer)

# %% [markdown]
# **3.** How many operations does `gn.cost` count for the product of a matrix of shape (32, 64) with one of shape (64, 10)?

# %%
answer = ...
gn.learn.check("23-3", answer)

# %% [markdown]
# **4.** Somebody measures: NumPy, ten calls, the mean of them; graphnn, one call, the first one, right after `gn.Program(...)`. Whom does
# this favour: `"numpy"`, `"graphnn"` or `"nobody"`?

# %%
answer = ...
gn.learn.check("23-4", answer)

# %% [markdown]
# **5.** Build a chain of 16 sines from `x` below, with `gn.checkpoint`, so that the program of its slope needs at most 10 rooms of 8000
# bytes, and answer with the last node. (Without blocks it needs 16.)

# %%
x = gn.input("x", (1000,), "float64")
answer = ...
gn.learn.check("23-5", answer)
