# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 18. Curvature: Hessian and Newton
#
# The gradient says how steep it is; the **second derivative** says how the steepness changes. Who knows both can jump to the bottom of a bowl in a
# single step. Since in graphnn a gradient is a graph, its gradient is only one more call.
#
# **After this lesson you can**
#
# - take the gradient of a gradient, and draw it,
# - read a Hessian: curvature along each direction, minimum or saddle,
# - do a Newton step, and say why networks are not trained with it.
#
# Time: about 40 minutes. You need: lessons 5, 10 and 14.

# %%
import time

import numpy as np

import graphnn as gn
import viz

# %% [markdown]
# ## The gradient of a gradient
#
# x³ has the slope 3x², whose slope is 6x, whose slope is 6.

# %%
x = gn.scalar(2.0, "x")
derivative = (x**3).named("y")
for order in range(1, 5):
    derivative = gn.gradient(derivative, x, no_path="zero")
    print("derivative", order, "at 2:", float(derivative.value))

# %% [markdown]
# The picture has three regions: the formula, its gradient, and the gradient of that.

# %%
y = (x**3).named("y")
slope = gn.gradient(y, x)
curvature = gn.gradient(slope, x)
viz.draw(gn.trace([y, slope, curvature]), view="values+second", direction="TB")

# %% [markdown]
# ## Several parameters: the Hessian
#
# With n parameters there are n slopes, and each of them has n slopes: a table of n × n numbers, the **Hessian**. It is symmetric.
#
# > For L = a² + 3ab + b²: write the four second slopes on paper before you run the cell.

# %%
p = gn.parameter([0.5, -1.0], "p", "float64")
a, b = p[0], p[1]
loss = (a * a + 3.0 * a * b + b * b).named("loss")
hessian = gn.hessian(loss, p).value
print(hessian)
print("curvatures:", np.linalg.eigvalsh(hessian))

# %% [markdown]
# The eigenvalues are the curvatures along the main directions. Both positive: a bowl. Here one is negative: along that direction it goes
# down. This is a **saddle**, and the picture shows it.

# %%
u, v = gn.scalar(0.5, "a"), gn.scalar(-1.0, "b")
viz.surface((u * u + 3.0 * u * v + v * v).named("loss"), [u, v], span=((-2, 2), (-2, 2)), kind="3d", grid=31)

# %% [markdown]
# ## Newton's step
#
# Near a point the loss looks like a bowl, given by slope g and curvature H. The bottom of *that* bowl lies at −H⁻¹ g from here. That is
# where **Newton's** step leads.
#
# > The loss of linear regression *is* a bowl. How many Newton steps does it take?

# %%
draw = np.random.default_rng(0)
xs = np.column_stack([draw.normal(0, 1, 100), draw.normal(0, 6, 100), np.ones(100)])
ys = xs @ np.array([1.0, 0.5, -2.0]) + draw.normal(0, 0.1, 100)
rows, wanted = gn.input("rows", (100, 3), "float64"), gn.input("wanted", (100,), "float64")
w = gn.parameter(np.zeros(3), "w", "float64")
error = gn.sum(rows * w, axis=1) - wanted
squares = gn.mean(gn.square(error)).named("loss")

program = gn.Program([squares, gn.gradient(squares, w), gn.hessian(squares, w)])
for step in range(3):
    value, g, h = program.run({rows: xs, wanted: ys})
    print(f"step {step}: loss {float(value):.6f}, size of the gradient {np.linalg.norm(g):.1e}")
    w.value = w.value - np.linalg.solve(h, g)

# %% [markdown]
# One. And the narrow valley of lesson 13 does not trouble it: curvature is just what it takes into account.
#
# ## In the bent valley
#
# There the bowl is only near. Newton with a line search, beside the walkers of lesson 14:

# %%
x, y = gn.parameter(-1.2, "x", "float64"), gn.parameter(1.0, "y", "float64")
valley = (gn.square(1.0 - x) + 10.0 * gn.square(y - x * x)).named("loss")
ways = {"Newton": gn.optim.Newton(), "Adam": gn.optim.Adam(0.1), "SGD": gn.optim.SGD(0.01)}
viz.surface(valley, [x, y], paths=ways, steps=15, span=((-2, 2), (-1, 3)), grid=41)

# %% [markdown]
# This loss is a sum of squares, r₁² + r₂². For such there is a step which needs first derivatives only: **Gauss and Newton** take 2 JᵀJ for the
# curvature, where J holds the slopes of the residuals r. What they leave out is small where the residuals are small.

# %%
residuals = gn.stack([1.0 - x, 10.0**0.5 * (y - x * x)])
ways = {"Newton": gn.optim.Newton(), "Gauss-Newton": gn.optim.GaussNewton(residuals)}
viz.surface(valley, [x, y], paths=ways, steps=15, span=((-2, 2), (-4, 3)), grid=41)

# %% [markdown]
# Two daring steps without a line search: the first makes r₁ zero and overshoots in r₂, the second makes that zero, too.
#
# ## Logistic regression
#
# Its loss is a bowl, though no perfect one; a few steps suffice.

# %%
cancer = gn.data.breast_cancer()
scaled = gn.data.standardize(cancer)(cancer)
for name, optimizer in {"Newton": gn.optim.Newton(), "Adam": gn.optim.Adam(0.1)}.items():
    features = gn.input("x", ("batch", 30), "float64")
    labels = gn.input("y", ("batch",), "float64")
    score = gn.nn.Dense(1, seed=1)(features).reshape(("batch",))
    weights = gn.Graph(score).parameters[0]
    model = gn.mean(gn.binary_cross_entropy_with_logits(score, labels)) + 0.01 * gn.sum(gn.square(weights))
    trainer = gn.Trainer(model, optimizer, output=score)
    data = {"x": scaled.x.astype(float), "y": scaled.y.astype(float)}
    history = trainer.fit(data, epochs=8, batch=len(scaled.x), progress=False)
    print(f"{name:7}", " ".join(f"{value:.4f}" for value in history["loss"]))

# %% [markdown]
# ## Why not for networks?
#
# > A small network has 10 000 parameters. How many numbers has its Hessian, and how many bytes is that with 8 bytes each?

# %%
for n in (100, 10_000, 1_000_000):
    print(f"{n:9,} parameters: Hessian of {n * n:,} numbers, {n * n * 8 / 1e9:,.3f} GB")

# %% [markdown]
# And it would have to be inverted, from a mini-batch that knows it only roughly, far from any bowl. But the Hessian **times a vector** costs no more
# than a few gradients, whatever n is: the gradient of (gradient · vector). Methods that need only such products work for networks, too.

# %%
images = gn.input("x", ("batch", 64), "float64")
digit = gn.input("y", ("batch",), "int64")
net = gn.nn.Sequential([gn.nn.Dense(64, gn.tanh), gn.nn.Dense(10)], seed=1)
digit_loss = gn.softmax_cross_entropy(net(images), digit)
parameters = list(gn.Graph(digit_loss).parameters)
directions = [np.random.default_rng(k).normal(size=q.shape) for k, q in enumerate(parameters)]
digits = gn.data.digits()
feeds = {images: digits.x[:200].astype(float), digit: digits.y[:200]}
times = {}
for name, nodes in {
    "gradient": gn.gradient(digit_loss, parameters),
    "Hessian times vector": gn.hessian_vector_product(digit_loss, parameters, directions),
}.items():
    program = gn.Program(nodes)
    program.run(feeds)
    start = time.perf_counter()
    for _ in range(20):
        program.run(feeds)
    times[name] = (time.perf_counter() - start) / 20
print("parameters:", sum(q.value.size for q in parameters))
print(
    f"Hessian times vector takes {times['Hessian times vector'] / times['gradient']:.1f} times as long as the gradient"
)

# %% [markdown]
# **What to keep:** a gradient is a graph and has a gradient; the Hessian's eigenvalues tell bowls from saddles; Newton jumps to the bottom of the bowl
# that it sees; for large n one uses products only.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** What is the second derivative of x⁴ at x = 1?

# %%
answer = ...
gn.learn.check("18-1", answer)

# %% [markdown]
# **2.** A Hessian has the eigenvalues 3 and −0.5 where the gradient is 0. It is: `"a minimum"`, `"a maximum"` or `"a saddle"`?

# %%
answer = ...
gn.learn.check("18-2", answer)

# %% [markdown]
# **3.** L = 2 w² − 8 w + 1, and w = 5. Where does one Newton step lead?

# %%
answer = ...
gn.learn.check("18-3", answer)

# %% [markdown]
# **4.** Write a function `answer(g, h)` of a gradient (n,) and a Hessian (n, n), NumPy arrays, that returns Newton's step: what is added
# to the parameters.

# %%
answer = ...
gn.learn.check("18-4", answer)
