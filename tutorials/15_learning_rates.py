# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 15. Learning rates and schedules
#
# The learning rate is the one setting that spoils most trainings. Too small: nothing happens. Too large: the loss explodes. And the best rate is
# not the same at the beginning and at the end.
#
# **After this lesson you can**
#
# - say from which rate on a walk diverges, and why,
# - find a good rate by a test of a few seconds,
# - change the rate during the training: decay, steps, warm-up, cosine, and line search.
#
# Time: about 35 minutes. You need: lesson 14.

# %%
import numpy as np

import graphnn as gn
import viz

# %% [markdown]
# ## Too small, right, too large
#
# The bowl is w², its slope 2w. One step leads from w to w − η · 2w, that is to (1 − 2η) w: each step multiplies w by the same
# factor.
#
# > For which rates η is this factor between −1 and 1? What happens at η = 1, and at η = 1.1?

# %%
for rate in (0.01, 0.1, 0.45, 0.9, 1.0, 1.1):
    w, walk = 1.0, []
    for _ in range(6):
        w -= rate * 2 * w
        walk.append(f"{w:6.2f}")
    print(f"rate {rate:4}: factor {1 - 2 * rate:5.2f}   w:", " ".join(walk))

# %% [markdown]
# Below 1 it converges, beyond it jumps to and fro, farther each time. The limit is 2 divided by the curvature (here 2). A surface has many
# directions; the **steepest** sets the limit, and the flattest must be walked with that same rate. Three walks:

# %%
a, b = gn.parameter(1.0, "a", "float64"), gn.parameter(1.0, "b", "float64")
bowl = (gn.square(a) + 8.0 * gn.square(b)).named("loss")
ways = {f"rate {rate}": gn.optim.SGD(rate) for rate in (0.01, 0.1, 0.12)}
viz.surface(bowl, [a, b], paths=ways, steps=20, span=((-1.5, 1.5), (-1.5, 1.5)), grid=41)

# %% [markdown]
# ## Find a rate
#
# Start with a tiny rate and let it grow with every batch. As long as it is too small, the loss stands still; then it falls; then it
# explodes. A good rate lies well before the explosion. (Smith 2017)

# %%
train, test = gn.data.split(gn.data.digits(), 0.3, seed=0)


def digits_trainer(rate, schedule=None, momentum=0.9):
    net = gn.nn.Sequential([gn.nn.Dense(32, gn.relu), gn.nn.Dense(10)], seed=1)
    return gn.Trainer.classifier(net, 64, 10, gn.optim.SGD(rate, momentum=momentum, schedule=schedule))


found = gn.train.find_rate(digits_trainer(0.1), train)
print(found)

# %%
viz.rate_curve(found)

# %% [markdown]
# ## Schedules
#
# Far from the goal, long steps; near it, short ones. Mini-batches make the gradient noisy, and with a constant rate the walker dances round
# the lowest point for ever. A **schedule** multiplies the rate by a factor that depends on the step.

# %%
steps = 400
viz.schedule_curve(
    {
        "linear decay": gn.optim.linear(steps),
        "step decay": gn.optim.step_decay(100, 0.5),
        "cosine": gn.optim.cosine(steps),
        "warm-up, then cosine": gn.optim.warmup(50) * gn.optim.cosine(steps),
    },
    steps,
)

# %% [markdown]
# The dance, on a bowl with noisy slopes.
#
# > Which walker ends nearer to the bottom: the one with the constant rate, or the one whose rate decays?

# %%
draw = np.random.default_rng(0)
noise = draw.normal(0, 1.0, size=300)
for name, schedule in {"constant": lambda k: 1.0, "decaying": lambda k: 1.0 - k / 300}.items():
    w, walk = 3.0, []
    for k in range(300):
        w -= 0.2 * schedule(k) * (2 * w + noise[k])
        walk.append(w)
    print(f"{name:9} mean distance of the last 30 steps: {np.abs(walk[-30:]).mean():.3f}")

# %% [markdown]
# And on the digits, with a rate that is rather high:

# %%
per_epoch = -(-len(train.x) // 32)
histories = {}
for name, schedule in {
    "constant": None,
    "cosine": gn.optim.cosine(15 * per_epoch),
    "warm-up and cosine": gn.optim.warmup(per_epoch) * gn.optim.cosine(15 * per_epoch),
}.items():
    trainer = digits_trainer(0.2, schedule)
    histories[name] = trainer.fit(train, epochs=15, batch=32, validation=test, progress=False)
    print(f"{name:20} last validation accuracy {histories[name]['validation accuracy'][-1]:.3f}")

# %%
viz.training_curve(histories, measures=["loss"])

# %% [markdown]
# **Warm-up** begins with small steps: at the start the weights are random, the gradients large, and Adam's means not yet reliable.
#
# **Plateau**: do not fix the times beforehand; lower the rate when the loss has not fallen for a while (`gn.optim.plateau`).
#
# **Line search**: try a long step; if the loss does not fall enough, try half of it, and so on. It costs some evaluations for each step,
# and needs no rate at all, if the gradient is not noisy:

# %%
x, y = gn.parameter(-1.2, "x", "float64"), gn.parameter(1.0, "y", "float64")
valley = (gn.square(1.0 - x) + 10.0 * gn.square(y - x * x)).named("loss")
trainer = gn.Trainer(valley, gn.optim.LineSearch(gn.optim.SGD()))
start = float(valley.value)
for _ in range(30):
    trainer.step({})
print(f"from {start:.3f} to {float(valley.value):.3f}")

# %% [markdown]
# **What to keep:** the steepest direction limits the rate; test for it; begin warm, end small.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** The loss is 4 w². Its curvature is 8. From which learning rate on does gradient descent no longer converge?

# %%
answer = ...
gn.learn.check("15-1", answer)

# %% [markdown]
# **2.** Linear decay from 0.1 to 0 over 200 steps: what is the rate after 150 steps?

# %%
answer = ...
gn.learn.check("15-2", answer)

# %% [markdown]
# **3.** The loss jumps up and down from step to step and grows. The rate is: `"too small"`, `"too large"` or `"right"`?

# %%
answer = ...
gn.learn.check("15-3", answer)

# %% [markdown]
# **4.** Write a function `answer(step, steps)`: the factor of the cosine schedule, 1 at step 0, falling to 0 at `steps`, along half a
# wave of the cosine.

# %%
answer = ...
gn.learn.check("15-4", answer)
