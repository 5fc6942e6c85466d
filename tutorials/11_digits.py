# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 11. A network that reads digits
#
# Now all parts come together: layers, softmax cross-entropy, gradients, steps, on real data. You train a network that reads
# handwritten digits, and you measure honestly how well it does: **on images that it has never seen**.
#
# **After this lesson you can**
#
# - prepare data: look at them, split them, keep a part aside,
# - build, train and judge a classifier,
# - look inside: at its mistakes, its weights, and the gradient of one batch.
#
# Time: about 45 minutes. You need: lessons 8 and 10.

# %%
import numpy as np

import graphnn as gn
import viz

# %% [markdown]
# ## The data
#
# 1797 images of 8 × 8 grey points, each with the digit that somebody wrote. (Source: Alpaydin and Kaynak 1998, as shipped in
# scikit-learn.) Over each image stands its digit.

# %%
digits = gn.data.digits()
print(digits.x.shape, digits.y.shape, np.bincount(digits.y))
viz.weights(digits.x[:20].T, shape=(8, 8), columns=10, titles=digits.y[:20])

# %% [markdown]
# ## Three parts
#
# A network can learn its examples by heart. So we part the data in three: one part to **train** on, one to choose settings by
# (**validation**), and one that is looked at only at the very end (**test**). The parts are *balanced*: each has the same share of every
# digit.

# %%
train, validation, test = gn.data.split3(digits, 0.2, 0.2, seed=0)
print(len(train.x), len(validation.x), len(test.x))
print("shares of the digit 8:", [round(float(np.mean(part.y == 8)), 3) for part in (train, validation, test)])

# %% [markdown]
# ## The network
#
# 64 numbers go in, 10 scores come out, one for each digit; between them a hidden layer.

# %%
net = gn.nn.Sequential([gn.nn.Dense(32, gn.relu, name="hidden"), gn.nn.Dense(10, name="scores")], seed=1)
trainer = gn.Trainer.classifier(net, 64, 10, gn.optim.Adam(0.01))

# %% [markdown]
# > How many parameters has the first layer: 64 inputs, 32 units, and a bias for each unit?

# %%
print(net.summary())

# %% [markdown]
# Look at the column *trainable*.
#
# > Nothing is trained yet. How large will the loss be, roughly, and which share of the digits will be right? (Lesson 8, exercise 3.)

# %%
print({name: round(float(value), 3) for name, value in trainer.evaluate(validation).items()})

# %% [markdown]
# ## Training
#
# An **epoch** goes once through all training examples, in small batches. For each batch: forward, loss, backward, step.

# %%
history = trainer.fit(train, epochs=15, batch=32, validation=validation, progress=False)
viz.training_curve(history)

# %% [markdown]
# The solid curve is the training, the dashed one the validation. As long as both fall, it learns what is common to all digits. Where the
# training curve goes on falling and the validation curve does not, it begins to learn by heart (lesson 16).
#
# ## How many units?
#
# The number of layers and units, the learning rate, the batch: nobody's gradient sets these **hyperparameters**. One tries several values, and
# the validation part says which is best.
#
# > Is more always better here? And what does it cost?

# %%
for units in (2, 8, 32, 128):
    tried = gn.nn.Sequential([gn.nn.Dense(units, gn.relu), gn.nn.Dense(10)], seed=1)
    trial = gn.Trainer.classifier(tried, 64, 10, gn.optim.Adam(0.01))
    trial.fit(train, epochs=15, batch=32, progress=False)
    count = 64 * units + units + units * 10 + 10
    print(f"{units:3} units, {count:5} parameters: accuracy {trial.evaluate(validation)['accuracy']:.3f}")

# %% [markdown]
# Beyond 32 units little is gained for many more weights; we keep 32.
#
# ## How good is it?
#
# All settings are chosen. Now, and only now, the test.

# %%
print({name: round(float(value), 3) for name, value in trainer.evaluate(test).items()})

# %% [markdown]
# *Accuracy* is the share of right answers; one minus that is the **error rate**. To say that a program learns, one names three things: the
# *task* (which digit is it?), the *experience* (the training part), and the *performance measure* (this accuracy).

# %% [markdown]
# Which digits does it take for which others? Each row is a digit, each column an answer; what is not on the diagonal is a mistake.

# %%
scores = trainer.predict(test.x)
said = scores.argmax(axis=1)
viz.confusion((test.y, said))

# %% [markdown]
# Look at the mistakes themselves: over each stands the digit that was written, and the one that the network answered. Would you have
# read them?

# %%
wrong = np.flatnonzero(said != test.y)[:10]
titles = [f"{right} → {answer}" for right, answer in zip(test.y[wrong], said[wrong])]
viz.weights(test.x[wrong].T, shape=(8, 8), columns=10, titles=titles)

# %% [markdown]
# ## What the units look at
#
# Each hidden unit has 64 weights, one for each point of the image: they can be drawn as an image. Blue points speak for it, orange
# ones against it.

# %%
viz.weights(trainer, shape=(8, 8), units=range(16), columns=8)

# %% [markdown]
# ## One batch, from inside
#
# The graph with one batch of eight images: values forward, gradients backward, layer by layer.

# %%
run = trainer.inspect({"x": test.x[:8], "y": test.y[:8]})
viz.draw(run, view="parameters+values+gradients", depth=2, direction="TB")

# %% [markdown]
# The trained network is nearly sure, so its gradients are small. Now the same network before training:

# %%
fresh = gn.nn.Sequential([gn.nn.Dense(32, gn.relu, name="hidden"), gn.nn.Dense(10, name="scores")], seed=1)
untrained = gn.Trainer.classifier(fresh, 64, 10, gn.optim.Adam(0.01))
run_before = untrained.inspect({"x": test.x[:8], "y": test.y[:8]})
print("mean size of the gradients of the weights")
for name, each in {"before": run_before, "after": run}.items():
    weights = [p for p in each.graph.parameters if p.name == "w"]
    sizes = {p.scope: f"{np.abs(each.gradient(p)).mean():.1e}" for p in weights}
    print(f"{name} training: {sizes}")

# %% [markdown]
# ## Keep it
#
# A model is a file: weights and graph, no code.

# %%
import pathlib
import tempfile

file = pathlib.Path(tempfile.mkdtemp()) / "digits.safetensors"
gn.io.save_model(file, {"scores": trainer.output})
loaded = gn.io.load_model(file)
print(np.array_equal(loaded.predict(test.x), scores), f"{file.stat().st_size / 1000:.0f} kB")

# %% [markdown]
# **What to keep:** split first; train on one part, choose by the second, judge by the third, once; look at the mistakes.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** How many parameters has a network 64 → 32 → 10 with biases, all together?

# %%
answer = ...
gn.learn.check("11-1", answer)

# %% [markdown]
# **2.** You try ten networks and keep the one that is best on the test part. Its test accuracy is then: `"fair"`, `"too high"` or
# `"too low"` as a forecast for new images?

# %%
answer = ...
gn.learn.check("11-2", answer)

# %% [markdown]
# **3.** 1079 training images, batches of 32: how many steps has an epoch? (The last batch may be smaller.)

# %%
answer = ...
gn.learn.check("11-3", answer)

# %% [markdown]
# **4.** Build and train a network of your own on `train`, and answer with its scores for `test.x` (as `trainer.predict(test.x)` gives
# them). You need at least 95 % right on the test images, and you may not train on them.

# %%
answer = ...
gn.learn.check("11-4", answer)
