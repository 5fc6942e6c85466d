# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 10. Linear and logistic regression
#
# The two oldest models of statistics are the two smallest networks: one layer, without a hidden one. With them you see everything
# that training is: a model, a loss, a gradient, a step. And because they are so small, there are other ways to solve them, to
# compare with.
#
# **After this lesson you can**
#
# - fit a line by gradient descent, and compare it with the exact solution and with a search by brute force,
# - say what the residuals and the geometry of a fit are,
# - turn the same layer into a classifier with probabilities, and draw its boundary.
#
# Time: about 45 minutes. You need: lessons 7 and 8.

# %%
import numpy as np

import graphnn as gn
import viz

# %% [markdown]
# ## A line through points
#
# The model is y = w x + b. The loss is the mean of the squared errors. Here are forty noisy points of a line, and the graph.

# %%
draw = np.random.default_rng(0)
xs = draw.uniform(-2, 2, size=(40, 1))
ys = 1.5 * xs - 0.5 + draw.normal(0, 0.3, size=(40, 1))

x, y = gn.input("x", ("batch", 1), "float64"), gn.input("y", ("batch", 1), "float64")
w, b = gn.scalar(0.0, "w"), gn.scalar(0.0, "b")
line = (w * x + b).named("line")
loss = gn.mean(gn.square(line - y)).named("loss")
viz.draw(loss, view="shapes", hide="broadcasts", direction="TB")

# %% [markdown]
# ## Three ways to find w and b
#
# **Brute force.** Try a grid of values, and keep the best.

# %%
best = min(
    (float(np.mean((wv * xs + bv - ys) ** 2)), wv, bv)
    for wv in np.linspace(-3, 3, 61)
    for bv in np.linspace(-3, 3, 61)
)
print(f"tried 3721 pairs; best loss {best[0]:.4f} at w = {best[1]:.1f}, b = {best[2]:.1f}")

# %% [markdown]
# That works for two parameters. For ten parameters with 61 values each, it would take 61¹⁰ trials.
#
# **The exact solution.** The loss is a bowl, and at its bottom all slopes are 0. For a linear model this is a system of linear
# equations:

# %%
a = np.hstack([xs, np.ones_like(xs)])
exact = np.linalg.solve(a.T @ a, a.T @ ys).ravel()
print(f"exact: w = {exact[0]:.4f}, b = {exact[1]:.4f}")

# %% [markdown]
# **Gradient descent.** Start anywhere. Look in which direction the loss grows, and take a step in the opposite direction.
#
# > The slope of the loss with respect to `w` is negative at the start. Should `w` grow or shrink?

# %%
run = gn.trace(loss, {x: xs, y: ys})
print(f"slopes at w = 0, b = 0: {float(run.gradient(w)):.4f}, {float(run.gradient(b)):.4f}")

# %%
program = gn.Program([loss, *gn.gradient(loss, [w, b])])
path = [(0.0, 0.0)]
for _ in range(40):
    _, slope_w, slope_b = program.run({x: xs, y: ys})
    w.value = w.value - 0.2 * slope_w
    b.value = b.value - 0.2 * slope_b
    path.append((float(w.value), float(b.value)))
print(f"after 40 steps: w = {path[-1][0]:.4f}, b = {path[-1][1]:.4f}")

# %% [markdown]
# The loss is a surface over w and b. Watch the walk: the steps are long where it is steep, and short near the bottom.

# %%
viz.surface(
    loss, [w, b], paths={"gradient descent": np.array(path)}, data={x: xs, y: ys}, span=((-1, 3), (-2, 1))
)

# %% [markdown]
# ## What is left: residuals
#
# The residual is what was given minus what was predicted. A good fit leaves residuals without any pattern; at the bottom of the bowl
# they add up to 0 and have nothing in common with x any more. That is the geometry of least squares: the residuals stand at right
# angles to everything that the model could still use.

# %%
viz.fit_curve(line, (xs, ys))

# %%
residuals = ys - (exact[0] * xs + exact[1])
print(f"sum {residuals.sum():.1e}, product with x {(residuals * xs).sum():.1e}")

# %% [markdown]
# ## Several inputs: a plane
#
# With two inputs the line becomes a plane, and the graph stays the same: only the shape of w changes.

# %%
plane_data = gn.data.plane(200, noise=0.05, seed=3)
trainer = gn.Trainer.regressor(gn.nn.Dense(1), 2, 1, gn.optim.SGD(0.3))
trainer.fit(plane_data, epochs=40, batch=50, progress=False)
viz.regression_surface(trainer, plane_data)

# %% [markdown]
# ## From a line to a decision
#
# Now the answer is a class: 0 or 1. Take the same linear layer, and bend its result into a probability with the **sigmoid**:
#
# $$ p = \frac{1}{1 + e^{-(w x + b)}} $$
#
# The loss is −log of the probability of the true class, as in lesson 8. This is logistic regression.

# %%
points = gn.data.blobs(120, classes=2, spread=1.6, seed=1)
inputs = gn.input("x", ("batch", 2))
labels = gn.input("y", ("batch",), "int64")
score = gn.nn.Dense(1, seed=1, name="score")(inputs).reshape(("batch",))
logistic = gn.mean(gn.binary_cross_entropy_with_logits(score, labels.cast("float32"))).named("loss")
viz.draw(logistic, view="shapes", hide="broadcasts", direction="TB", depth=1)

# %%
trainer = gn.Trainer(logistic, gn.optim.SGD(0.5), output=score)
trainer.fit(points, epochs=60, batch=40, progress=False)
viz.boundary(trainer, points, scores="logits")

# %% [markdown]
# The black line is where p = 0.5, that is where w x + b = 0: a straight line again. Far from it the model is sure; near it, it is not.
#
# > The gradient of the loss with respect to the score is p − y, as in lesson 8. Which points pull hardest at the line: those far on
# > the right side, those near the line, or those on the wrong side?

# %%
run = gn.trace(logistic, {inputs: points.x, labels: points.y})
pull = np.abs(run.gradient(score)) * len(points.x)
side = np.where(points.y == 1, 1, -1) * run.value(score)
for name, chosen in {
    "wrong side": side < 0,
    "near the line": (side >= 0) & (side < 1),
    "far on the right side": side > 3,
}.items():
    if chosen.any():
        print(f"{name}: {chosen.sum()} points, mean pull {pull[chosen].mean():.3f}")

# %% [markdown]
# **What to keep:** a model, a loss, a gradient, a step. For the linear model there is an exact solution; for everything that follows
# there is not, and the step is all we have.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** The model is y = w x, the loss (w x − y)². For one point x = 3, y = 5 and w = 1: what is the slope of the loss with respect to w?

# %%
answer = ...
gn.learn.check("10-1", answer)

# %% [markdown]
# **2.** One step of gradient descent from w = 1 with learning rate 0.05 and that slope: what is w afterwards?

# %%
answer = ...
gn.learn.check("10-2", answer)

# %% [markdown]
# **3.** Write a function `answer(xs, ys)` of two NumPy arrays of numbers that returns the exact `(w, b)` of the best line.

# %%
answer = ...
gn.learn.check("10-3", answer)

# %% [markdown]
# **4.** A logistic model has w = 2 and b = −3. At which x does it say p = 0.5?

# %%
answer = ...
gn.learn.check("10-4", answer)
