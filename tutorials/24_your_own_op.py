# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 24. Your own op
#
# An op is a small contract of three parts: what it computes (the **meaning**), how it is computed fast (the **kernel**), and how the loss
# comes back through it (the **slope**). Whoever can write these three can put anything into a network, and graphnn checks the contract.
#
# **After this lesson you can**
#
# - declare an op with `@gn.op`, and check it with `gn.check_op`,
# - read what the check says about a wrong slope, and mend it,
# - write an op out of other ops, without a kernel and without a slope.
#
# Time: about 40 minutes. You need: lessons 3, 5 and 12.

# %%
import numpy as np

import graphnn as gn
import viz

# %% [markdown]
# ## 1. The meaning
#
# Most activations say "large" or "small". We make one that says "near 0": a bell, $y = e^{-x^2}$. The meaning is a NumPy function of
# one line. Above it stand the facts that NumPy does not know:
#
# - `"x(*s) -> y(*s)"`: the **signature**. `*s` means any axes; the result has the same.
# - `latex`: the formula, with the operand in braces. Pictures show it.
# - `samples`: shapes with which the check will try the op.
#
# The docstring says the meaning in words, and the shapes once more.

# %%
gn.undeclare("bell", missing_ok=True)  # so that this cell can run twice


@gn.op("x(*s) -> y(*s)", latex=r"e^{-{x}^2}", slopes=(r"-2 {x} \cdot {y}",), samples=[(3, 4)])
def bell(x):
    """A bell around 0. Shapes: x (*s) -> y (*s)."""
    return np.exp(-(x**2))


print(gn.check_op(bell))

# %% [markdown]
# The check tells what is missing. Each name of an op exists once: without the first line, running the cell again would be an error, as two
# ops of one name in one graph would be a mess.
#
# ## 2. The kernel
#
# A graph of many ops is fast when each is a plain loop that can be compiled. The kernel gets one array for each operand, then the
# output, and fills the output. It gives nothing back. `*s` arrives as one flat axis, so one loop does for any shape.


# %%
@bell.kernel
def bell_kernel(x, y):
    for i in range(y.size):
        y[i] = np.exp(-x[i] * x[i])


# %% [markdown]
# It is still an ordinary Python function. Call it as you like, or step through it with a debugger:

# %%
x, y = np.array([0.0, 1.0, 2.0]), np.empty(3)
bell_kernel(x, y)
print(y)

# %% [markdown]
# ## 3. The slope
#
# The chain rule needs one thing of an op: given the adjoint `g` of its result (how the loss moves with y), what goes back to each
# operand? That is `g` times the local slope. Here
#
# $$\frac{dy}{dx} = -2x \, e^{-x^2} = -2x \, y.$$
#
# The function returns a list, one entry for each operand. It is written in ops, not in NumPy: `g`, `x` and `y` are nodes, so the slope is a graph
# and has a slope, too.


# %%
@bell.vjp
def bell_slope(g, x, y):
    return [g * -2.0 * x * y]


print(gn.check_op(bell))

# %% [markdown]
# That one line stands for many checks: kernel against meaning, as Python and compiled, and the slope against differences, as in
# lesson 2.
#
# ## It is an op as any other
#
# > At which x is the slope of the bell 0? At which is it steepest: at 0, near 0.7, or near 2?

# %%
viz.curve(bell)

# %%
x = gn.scalar(0.5, "x")
run = gn.trace(gn.square(bell(x).named("y")).named("loss"))
viz.draw(run, view="values+derivatives", direction="TB")

# %% [markdown]
# The picture shows the formula of the slope that we wrote, with the numbers of this run in it. And the gradient of the whole graph,
# once by our slope, once by moving x a little:

# %%
viz.draw(run, view="check", direction="TB")

# %%
found = gn.check_gradients(run.loss)
print(found.verdict)

# %% [markdown]
# ## A wrong slope
#
# Here is the danger. The slope is *yours*: graphnn believes it. We forget the minus.
#
# > What will happen when a network is trained with it: an error, NaN, or nothing to be seen but a loss that does not fall?


# %%
@bell.vjp
def without_minus(g, x, y):
    return [g * 2.0 * x * y]


x = gn.scalar(0.5, "x")
loss = gn.square(bell(x) - 1.0).named("loss")  # smallest at x = 0
for _ in range(5):
    run = gn.trace(loss)
    print(f"x {float(x.value):.3f}   loss {float(run.value(loss)):.3f}")
    x.value = x.value - 0.5 * run.gradient(x)

# %% [markdown]
# No error, no NaN: the steps go uphill, quite calmly. This is why an op is checked *before* it is used.

# %%
print(gn.check_op(bell).findings[0])

# %% [markdown]
# The check knows the usual mistakes by what they do to the numbers. Two more of them, with the same op:


# %%
def without_g(g, x, y):
    return [-2.0 * x * y]


def half(g, x, y):
    return [g * -1.0 * x * y]


for wrong in (without_g, half):
    bell.vjp(wrong)
    print(f"{wrong.__name__}: {gn.check_op(bell).findings[0]}\n")

# %% [markdown]
# ## An operand that is spread
#
# How wide should the bell be? Let the network learn it. `width()` in the signature is a single number that serves all elements of x.
#
# > The width is used by each of the 12 elements of x. By the rule of lesson 4: what must be done with the 12 contributions that come
# > back to it?

# %%
gn.undeclare("wide_bell", missing_ok=True)
shapes = [gn.Sample(((3, 4), ()), domain=(0.5, 2.0))]  # x, width; numbers between 0.5 and 2


@gn.op("x(*s), width() -> y(*s)", latex=r"e^{-({x} / {width})^2}", samples=shapes)
def wide_bell(x, width):
    """A bell of any width. Shapes: x (*s), width () -> y (*s)."""
    return np.exp(-((x / width) ** 2))


@wide_bell.kernel
def wide_bell_kernel(x, width, y):
    for i in range(y.size):
        v = x[i] / width[0]  # the single number arrives as an array of one
        y[i] = np.exp(-v * v)


@wide_bell.vjp
def first_try(g, x, width, y):
    to_x = g * y * -2.0 * x / gn.square(width)
    to_width = g * y * 2.0 * gn.square(x) / width**3.0
    return [to_x, to_width]


print(gn.check_op(wide_bell).findings[0])

# %% [markdown]
# A variable that is used many times gets the **sum**. The operand has the shape (), so its contribution must have that shape as well:


# %%
@wide_bell.vjp
def mended(g, x, width, y):
    to_x = g * y * -2.0 * x / gn.square(width)
    to_width = g * y * 2.0 * gn.square(x) / width**3.0
    return [to_x, to_width.sum()]


print(gn.check_op(wide_bell))

# %% [markdown]
# ## In a network
#
# One class in the middle, the other around it. First three units with relu, then three with our bell, whose width is learnt with the
# weights.

# %%
rings = gn.data.circles(300, noise=0.08, seed=0)
width = gn.parameter(1.0, "width")


def trained(bend):
    net = gn.nn.Sequential([gn.nn.Dense(3, bend), gn.nn.Dense(2)], seed=2)
    trainer = gn.Trainer.classifier(net, 2, 2, gn.optim.Adam(0.02))
    trainer.fit(rings, epochs=80, batch=50, progress=False)
    return trainer


viz.boundary(trained(gn.relu), rings)

# %% [markdown]
# > With relu the border between the classes is made of straight pieces. With the bell?

# %%
viz.boundary(trained(lambda total: wide_bell(total, width)), rings)

# %%
print(f"the width was 1, and is now {float(width.value):.4f}")

# %% [markdown]
# The border has no corners, as the bell has none, and the width was learnt like any weight: its gradient came through our slope.

# %% [markdown]
# ## A composite
#
# If other ops can say it, no kernel and no slope are needed: `@gn.composite` takes a function of nodes. Its slope follows from the slopes
# of its parts, by the chain rule.

# %%
gn.undeclare("wave", missing_ok=True)


@gn.composite("x(*s) -> y(*s)", latex=r"{x}\, e^{-{x}^2}", samples=[(3, 4)])
def wave(x):
    """A wave that dies out on both sides. Shapes: x (*s) -> y (*s)."""
    return x * gn.exp(-gn.square(x))


print(gn.check_op(wave))
viz.curve(wave)

# %% [markdown]
# In a picture it is a frame with its parts inside:

# %%
run = gn.trace(wave(gn.scalar(0.5, "x")).named("z"))
viz.draw(run, view="values", direction="TB")

# %% [markdown]
# Begin with a composite. Write a kernel of your own only where the parts are too slow, or where they lose digits (as log after softmax does).
#
# ## Tidying up
#
# Ops of your own live as long as Python does. In a file of their own they stay; in a notebook you may want the names back.

# %%
for name in ("bell", "wide_bell", "wave"):
    gn.undeclare(name, missing_ok=True)

# %% [markdown]
# **What to keep:** meaning, kernel, slope; the slope gives one contribution for each operand, `g` times the local slope, summed where the
# operand was spread; check before you use.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** The slope of y = x³. Write a function `answer(g, x, y)` that returns the contribution to x (without the list around it).

# %%
answer = ...
gn.learn.check("24-1", answer)

# %% [markdown]
# **2.** Write a kernel `answer(x, y)` for $y = x^2 / (1 + |x|)$. x and y are flat arrays of one length.

# %%
answer = ...
gn.learn.check("24-2", answer)

# %% [markdown]
# **3.** An op has the signature `"x(*s), height() -> y(*s)"` and computes y = height · x. Its author returns
# `[g * height, g * x]`, and the check complains about the second. What is missing: `"the factor g"`, `"a sum"`, `"a minus"` or `"a kernel"`?

# %%
answer = ...
gn.learn.check("24-3", answer)

# %% [markdown]
# **4.** The body of a composite: from the two inputs below build x · sigmoid(beta · x), which is called *swish*.

# %%
x, beta = gn.input("x", (4,), "float64"), gn.input("beta", (), "float64")
answer = ...
gn.learn.check("24-4", answer)

# %% [markdown]
# **5.** Declare an op of your own for $y = x / (1 + x^2)$, by `@gn.op` or `@gn.composite`, so that `gn.check_op` finds nothing wrong. Answer
# with the op. (The first line lets you run the cell as often as you like; name your op `bend`.)

# %%
gn.undeclare("bend", missing_ok=True)
answer = ...
gn.learn.check("24-5", answer)
