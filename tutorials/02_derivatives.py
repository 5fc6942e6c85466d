# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 2. Derivatives, by hand and by difference
#
# A derivative answers one question: **if I turn this knob a little, how much does the result move?** Training a network asks this
# question of every knob at once. In this lesson you ask it of one.
#
# **After this lesson you can**
#
# - measure a derivative of anything that you can run, without knowing what is inside,
# - write the derivative of the basic operations by hand, and check it,
# - say why the step of a measurement must be neither too large nor too small.
#
# Time: about 30 minutes. You need: lesson 1.

# %%
import numpy as np

import graphnn as gn
import viz

# %% [markdown]
# ## Turn the knob a little
#
# Here is a function, as a graph. Feed it a number, and it gives a number. (`gn.trace` is the run of lesson 1; `f` hides it behind
# an ordinary Python function.)

# %%
x = gn.input("x", (), "float64")
y = (x * x).named("y")


def f(number):
    return float(gn.trace(y, {x: number}).value(y))


f(3.0)

# %% [markdown]
# Turn `x` from 3 to 3.1 and look how far the result moves. The **slope** is the movement of the result for each unit of
# movement of the knob:
#
# $$ \text{slope} \approx \frac{f(x + h) - f(x)}{h} $$
#
# > With h = 0.1: is the slope of x² at 3 above 6, exactly 6, or below 6?

# %%
for h in (0.1, 0.01, 0.001):
    print(h, (f(3.0 + h) - f(3.0)) / h)

# %% [markdown]
# Above 6: to the right of 3 the curve grows steeper, and that is where the step looks. The smaller the step, the nearer to 6.
# This needs no rule of mathematics, and no knowledge of what `f` does: it works for any black box that you can run.
#
# The picture shows the curve of x², and beside it the curve of its slope.

# %%
viz.curve({"x²": lambda node: node * node})

# %% [markdown]
# Look at x = 3 in the left half and then in the right half. Where the curve falls, the slope is negative; at the bottom the
# slope is 0; the steeper the curve, the larger the slope.

# %% [markdown]
# ## A better measurement
#
# Step to both sides instead of one. The errors of the two sides cancel almost completely.
#
# $$ \text{slope} \approx \frac{f(x + h) - f(x - h)}{2h} $$


# %%
def one_sided(f, x, h):
    return (f(x + h) - f(x)) / h


def two_sided(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


exact = np.exp(1.0)
for h in (0.1, 0.01, 0.001):
    one, two = one_sided(np.exp, 1.0, h), two_sided(np.exp, 1.0, h)
    print(f"h = {h}   errors {one - exact:.1e} {two - exact:.1e}")

# %% [markdown]
# The function here is $e^x$, because its slope is known: it is $e^x$ again. The table shows the *errors*, first of the
# one-sided, then of the two-sided measurement. (`1.4e-01` is $1.4 \cdot 10^{-1}$, that is 0.14.) When h becomes ten times smaller,
# the first error becomes ten times smaller, the second a hundred times.
#
# > So the smallest possible h is the best?

# %%
for exponent in range(1, 16, 2):
    h = 10.0**-exponent
    error = abs(two_sided(np.exp, 1.0, h) - exact)
    bar = "#" * round(16 + np.log10(error))  # one sign for each power of ten
    print(f"h = 1e-{exponent:02}  error {error:.1e}  {bar}")

# %% [markdown]
# No. The error falls and then rises again. A computer keeps about 16 digits; if `f(x + h)` and `f(x - h)` agree in the first
# 13, only three digits are left for the difference. The bars make a V that lies on its side: too large a step above, too few digits
# below. The best step lies in between, near 1e-5.

# %% [markdown]
# ## By hand
#
# Measuring costs two runs for every knob. With a rule the slope can be read off:
#
# | operation | slope with respect to its first operand |
# |---|---|
# | a + b | 1 |
# | a · b | b |
# | a² | 2a |
# | aⁿ | n · aⁿ⁻¹ |
# | tanh(a) | 1 − tanh²(a) |
#
# These are the **local derivatives**: what an operation does to a small movement of its operand, whatever stands before or
# behind it in the graph. The picture writes them into the box, a line for each operand: the formula first, then the number.
# The sign ∂ is the sign of such a derivative: read ∂a as *the slope with respect to a*.

# %%
a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
product = (a * b).named("product")
viz.draw(gn.trace(product), view="values+derivatives")

# %% [markdown]
# Read the line ∂a: the slope of a · b with respect to `a` is `b`, here −3. If `a` grows by 0.01, the product moves by
# −0.03. (The picture calls the last node of a run *loss*, whatever it is: the loss is the number whose slopes are asked for.)
# Check the line by measuring:

# %%
two_sided(lambda number: number * -3.0, 2.0, 1e-5)

# %% [markdown]
# > Now `b` grows by 0.01, from −3 to −2.99, and `a` stays at 2. How far does the product move, and up or down?

# %%
print(2.0 * -2.99 - 2.0 * -3.0)

# %% [markdown]
# Up, by 2 · 0.01 (the last digits are lost, as above). The line ∂b says so: the slope is the *other* operand's value, 2. In a
# product each operand is multiplied by its partner, so the partner says how strongly it counts. If the partner is 0, turning the
# knob does nothing at all:

# %%
w, zero = gn.scalar(5.0, "w"), gn.scalar(0.0, "zero")
viz.draw(gn.trace((w * zero).named("nothing")), view="values+derivatives")

# %% [markdown]
# ## Hold every rule against a measurement
#
# `gn.check_gradients` does what you did: it compares the rules with two-sided differences, with a step that it chooses by looking
# at the V.

# %%
z = (gn.tanh(x) * x + x**3).named("z")
print(gn.check_gradients(z, {x: 0.7}))

# %% [markdown]
# *analytic* is what the rules give, *numeric* what measuring gives. Below stands the V: for each step the two-sided measurement
# (its usual name is *central difference*) and its error. How rules of small operations become the slope of a whole formula, such as
# this one, is the matter of lesson 3.

# %% [markdown]
# **What to keep:** a derivative says how strongly a result answers to a knob. It can be measured on any black box, with a step that
# is small but not too small. The basic operations have rules, and a rule can always be checked.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** What is the slope of x³ at x = 2? Use a rule, then measure it.

# %%
answer = ...
gn.learn.check("02-1", answer)

# %% [markdown]
# **2.** Write a Python function `answer(f, x, h)` that measures the slope of `f` at `x` by stepping to both sides. In place of the
# line `answer = ...` write `def answer(f, x, h):` and what belongs below it.

# %%
answer = ...
gn.learn.check("02-2", answer)

# %% [markdown]
# **3.** Which step gives the best two-sided measurement in ordinary (64-bit) numbers: `"0.1"`, `"0.00001"` or `"0.000000000000001"`?

# %%
answer = ...
gn.learn.check("02-3", answer)

# %% [markdown]
# **4.** `a = 4`, `b = -2`, `c = a * b`. How much does `c` move, roughly, if `b` grows by 0.01?

# %%
answer = ...
gn.learn.check("02-4", answer)
