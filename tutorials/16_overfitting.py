# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 16. Overfitting, and six remedies
#
# A large network can learn its examples by heart, noise and all. What we want is that it does well on examples it has *not* seen. One
# experiment, and six switches: L2, L1, dropout, early stopping, more data by augmentation, and many networks instead of one.
#
# **After this lesson you can**
#
# - recognise overfitting by two curves,
# - switch on each remedy, and say what it does to the loss, the graph or the data,
# - choose its strength by the validation part.
#
# Time: about 45 minutes. You need: lesson 11.

# %%
import numpy as np

import graphnn as gn
import viz

# %% [markdown]
# ## The illness
#
# To see it plainly, we make it bad: 150 images for training, one tenth of them with a label drawn at random, and a network with many weights.

# %%
pool, test = gn.data.split(gn.data.digits(), 0.4, seed=0)
few = pool.take(slice(0, 150))
draw = np.random.default_rng(0)
labels = few.y.copy()
spoilt = draw.choice(150, 15, replace=False)
labels[spoilt] = draw.integers(0, 10, 15)
few = gn.data.Dataset(few.x, labels)


def run(layers=None, optimizer=None, callbacks=(), epochs=60, **options):
    layers = layers or [gn.nn.Dense(128, gn.relu), gn.nn.Dense(128, gn.relu), gn.nn.Dense(10)]
    net = gn.nn.Sequential(layers, seed=1)
    trainer = gn.Trainer.classifier(net, 64, 10, optimizer or gn.optim.Adam(0.003), **options)
    history = trainer.fit(few, epochs=epochs, batch=30, validation=test, callbacks=callbacks, progress=False)
    return trainer, history


plain, plain_history = run()
viz.training_curve(plain_history)

# %% [markdown]
# The solid curve falls to nothing. The dashed one turns upwards, while the share of right answers stays: on new images the network is wrong as
# often as before, and surer of it. Which images can it read?

# %%
print(
    f"right: {plain.evaluate(few)['accuracy']:.3f} of the training images, {plain.evaluate(test)['accuracy']:.3f} of new ones"
)

# %% [markdown]
# Even the training images with a wrong label are "right", which cannot be known but by heart.
#
# > Where would you have stopped?

# %% [markdown]
# ## 1. Early stopping
#
# Stop when the validation loss has not fallen for a while, and take back the best weights.

# %%
results = {"nothing": plain.evaluate(test)}
trainer, history = run(callbacks=[gn.train.EarlyStopping(patience=8)])
print("stopped after", len(history["loss"]), "epochs")
results["early stopping"] = trainer.evaluate(test)

# %% [markdown]
# ## 2. and 3. L2 and L1: weights have a price
#
# Add to the loss a price for large weights: λ Σ w² (L2) or λ Σ |w| (L1). Its slope pulls each weight towards 0: with L2 in proportion to
# its size, with L1 always with the same force.
#
# > Which of the two makes many weights *exactly* (or nearly) 0?

# %%
for name, penalty in {"L2": gn.optim.L2(0.003), "L1": gn.optim.L1(0.0006)}.items():
    trainer, _ = run(optimizer=gn.optim.Adam(0.003, penalty=penalty))
    results[name] = trainer.evaluate(test)
    first = next(p for p in trainer.parameters if p.name == "w").value
    print(
        f"{name}: {np.mean(np.abs(first) < 0.001):.0%} of the first layer's weights are below 0.001 in size"
    )

# %% [markdown]
# ## 4. Dropout
#
# In each training step, half of the hidden units are switched off, chosen at random. No unit can rely on another one to know the example by
# heart. When the network is used, all units are there. Two graphs, not a switch inside of one:

# %%
layer = gn.nn.Dropout(0.5)
inputs = gn.input("x", ("batch", 4))
training, inference = (layer(inputs, training=flag) for flag in (True, False))
viz.draw(gn.Graph(gn.tanh(training).named("training")), view="structure", direction="TB")

# %%
viz.draw(gn.Graph(gn.tanh(inference).named("inference")), view="structure")

# %%
layers = [
    gn.nn.Dense(128, gn.relu), gn.nn.Dropout(0.5), gn.nn.Dense(128, gn.relu), gn.nn.Dropout(0.5), gn.nn.Dense(10),
]  # fmt: skip
trainer, dropout_history = run(layers)
results["dropout"] = trainer.evaluate(test)

# %% [markdown]
# ## 5. Augmentation
#
# A digit that is shifted by a pixel or turned a little is still the same digit. So make more examples out of those you have: each image is
# moved a little, differently in every step.

# %%
layers = [
    gn.nn.Reshape((1, 8, 8)), gn.nn.RandomAffine(turn=10, shift=0.7, zoom=0.1), gn.nn.Flatten(),
    gn.nn.Dense(128, gn.relu), gn.nn.Dense(128, gn.relu), gn.nn.Dense(10),
]  # fmt: skip
trainer, _ = run(layers)
results["augmentation"] = trainer.evaluate(test)

# %% [markdown]
# ## 6. Ensembles
#
# Five networks with different first weights make different mistakes. In their mean answer many of them cancel: compare it with the one network in the table.

# %%
trainer = gn.Trainer.classifier(
    gn.nn.Ensemble(
        lambda: gn.nn.Sequential([gn.nn.Dense(128, gn.relu), gn.nn.Dense(128, gn.relu), gn.nn.Dense(10)]),
        count=5,
        seed=1,
    ),
    64, 10, gn.optim.Adam(0.003),
)  # fmt: skip
trainer.fit(few, epochs=60, batch=30, progress=False)
results["ensemble of 5"] = trainer.evaluate(test)

# %% [markdown]
# **Label smoothing** belongs here, too: instead of "certainly a 3", say "a 3 with 0.9, and a little of everything else". The network is not
# driven to be infinitely sure.

# %%
trainer, _ = run(label_smoothing=0.1)
results["label smoothing"] = trainer.evaluate(test)

# %% [markdown]
# ## The table

# %%
for name, found in results.items():
    print(f"{name:16} loss {found['loss']:.3f}   right {found['accuracy']:.3f}")

# %% [markdown]
# Compare both columns with the first row. Some remedies help the loss far more than the accuracy: the network is as often wrong, but no
# longer so sure of it. The strengths here were not tuned; with other numbers the order changes. (A strength that is chosen by these images
# makes *them* part of the training: then keep a third part for the end, as in lesson 11.)

# %%
viz.training_curve({"nothing": plain_history, "dropout": dropout_history}, measures=["loss"])

# %% [markdown]
# **What to keep:** two curves tell; whatever makes learning by heart harder, or the data richer, helps.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** Training loss 0.01, validation loss 1.2, and the validation loss is rising. Is it `"overfitting"`, `"underfitting"` or
# `"neither"`?

# %%
answer = ...
gn.learn.check("16-1", answer)

# %% [markdown]
# **2.** Dropout with rate 0.5 in training. A unit that is kept has the value 3: by which number is it replaced, so that the mean stays the
# same as without dropout?

# %%
answer = ...
gn.learn.check("16-2", answer)

# %% [markdown]
# **3.** Build a node: the mean squared error between `p` and `y` plus 0.1 times the sum of the squares of `w`.

# %%
p, y, w = (gn.input(name, (3,), "float64") for name in "pyw")
answer = ...
gn.learn.check("16-3", answer)

# %% [markdown]
# **4.** Write a function `answer(losses, patience)`: it gets the validation losses, one for each epoch, and returns the number of the
# epoch (counted from 1) after which early stopping ends: when `patience` epochs in a row were not below the best. Without such a
# moment it returns the number of epochs.

# %%
answer = ...
gn.learn.check("16-4", answer)
