# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # 19. Convolution
#
# A Dense layer has a weight for every point of an image, and must learn a stroke anew in each place. A **convolution** slides one small filter over the
# whole image: the same few weights everywhere. That is lesson 4's shared variable, used hundreds of times.
#
# **After this lesson you can**
#
# - compute a convolution by hand, and its size with padding and stride,
# - explain its gradient as a sum over all places,
# - build, train and look into a small convolutional network.
#
# Time: about 40 minutes. You need: lessons 7 and 11.

# %%
import numpy as np

import graphnn as gn
import viz

# %% [markdown]
# ## A filter slides
#
# In each place the filter lies on a part of the image; multiply point by point, and add up. (What networks call convolution does not turn the
# filter round; mathematicians call it cross-correlation.)

# %%
image = np.zeros((7, 7))
image[1:6, 2] = 1.0  # a vertical stroke
stroke = np.array([[-1.0, 1.0, 0.0]] * 3)  # dark on the left, light in the middle


def convolve(image, kernel):
    rows, columns = image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1
    out = np.zeros((rows, columns))
    for r in range(rows):
        for c in range(columns):
            out[r, c] = np.sum(image[r : r + kernel.shape[0], c : c + kernel.shape[1]] * kernel)
    return out


# %% [markdown]
# > The image has 7 × 7 points and the filter 3 × 3. In how many places can it lie? Where will the result be large?

# %%
print(convolve(image, stroke))

# %% [markdown]
# 5 × 5 places. Large where dark stands left of light, negative where light stands left of dark.
#
# The same as a graph. Arrays are (batch, channels, rows, columns).

# %%
x = gn.input("x", ("batch", 1, 7, 7), "float64")
kernel = gn.parameter(stroke.reshape(1, 1, 3, 3), "kernel", "float64")
y = gn.conv2d(x, kernel).named("y")
run = gn.trace(y, {x: image.reshape(1, 1, 7, 7)})
print(np.allclose(run.value(y)[0, 0], convolve(image, stroke)))
viz.draw(run, view="images", direction="TB")

# %% [markdown]
# ## Sizes
#
# **Padding** puts zeros around the image, **stride** lets the filter jump. For each axis:
#
# $$ \text{out} = \left\lfloor \frac{\text{in} + 2 \cdot \text{padding} - \text{kernel}}{\text{stride}} \right\rfloor + 1 $$

# %%
for padding, stride in ((0, 1), (1, 1), (0, 2), (1, 2)):
    print(f"padding {padding}, stride {stride}:", gn.conv2d(x, kernel, padding=padding, stride=stride).shape)

# %% [markdown]
# ## The gradient: a sum over all places
#
# Each weight of the filter is used in every place. So its gradient is a sum over all places: of what stood under it, times what arrived there.
#
# > The loss is the sum of all numbers of y, so a 1 arrives everywhere. What is the gradient of the filter's middle weight, in terms of the
# > image?

# %%
total = gn.sum(y).named("loss")
run = gn.trace(total, {x: image.reshape(1, 1, 7, 7)})
print(run.gradient(kernel)[0, 0])
print("sum of the image's middle 5 × 5 points:", image[1:6, 1:6].sum())

# %% [markdown]
# And the gradient of the image? Each point was seen by up to nine places of the filter; what comes back are their weights, added up. That is a
# convolution again, of what arrives (with a border of zeros) with the filter turned round.

# %%
arrives = np.pad(np.ones((5, 5)), 2)
print(np.allclose(run.gradient(x)[0, 0], convolve(arrives, stroke[::-1, ::-1])))

# %% [markdown]
# ## Fewer weights
#
# > An image of 28 × 28 points. How many weights has a Dense layer to 28 × 28 units, and how many a convolution with one 3 × 3 filter?

# %%
print("Dense:", (28 * 28) ** 2, "  convolution:", 3 * 3)

# %% [markdown]
# ## A network for digits
#
# Convolution finds small things; **pooling** keeps the largest answer of each 2 × 2 field, so that a shift by a point matters less; after that,
# a Dense layer decides.

# %%
digits = gn.data.digits()
images = gn.data.Dataset(digits.x.reshape(-1, 1, 8, 8), digits.y)
train, test = gn.data.split(images, 0.3, seed=0)
net = gn.nn.Sequential(
    [
        gn.nn.Conv2d(8, 3, gn.relu, padding="same"),
        gn.nn.MaxPool2d(2),
        gn.nn.Conv2d(16, 3, gn.relu, padding="same"),
        gn.nn.Flatten(),
        gn.nn.Dense(10),
    ],
    seed=1,
)
trainer = gn.Trainer.classifier(net, (1, 8, 8), 10, gn.optim.Adam(0.005))
history = trainer.fit(train, epochs=8, batch=32, validation=test, progress=False)
print(net.summary())

# %%
viz.training_curve(history)

# %% [markdown]
# ## Look inside
#
# The filters of the first layer, and what they find in the first of three digits. Follow it from the input to the eight maps behind relu.

# %%
first = next(p for p in trainer.parameters if p.shape == (8, 1, 3, 3))
viz.weights(first)

# %%
run = trainer.inspect({"x": test.x[:3], "y": test.y[:3]})
viz.draw(run, view="images", fold=["*conv2d_2*", "*dense*"], hide=["broadcasts", "views"], direction="TB")

# %% [markdown]
# ## A shifted image
#
# A convolution answers to a shifted image with a shifted result. That is what sharing buys: what was learnt in one place is known in all.

# %%
moved = np.roll(image, 1, axis=1)
here = convolve(image, stroke)
there = convolve(moved, stroke)
print(np.allclose(np.roll(here, 1, axis=1)[:, 1:], there[:, 1:]))

# %% [markdown]
# **What to keep:** one filter, all places; the gradient of a shared weight is a sum; the size follows from kernel, padding and stride.

# %% [markdown]
# ## Exercises

# %% [markdown]
# **1.** An image of 28 rows, a kernel of 5, no padding, stride 1: how many rows has the result?

# %%
answer = ...
gn.learn.check("19-1", answer)

# %% [markdown]
# **2.** A convolution with 16 filters of 3 × 3 on an image with 8 channels: how many weights, without biases?

# %%
answer = ...
gn.learn.check("19-2", answer)

# %% [markdown]
# **3.** Convolve the row `[1, 2, 3, 4]` with the kernel `[1, 0, -1]` (no padding, as networks do it). Answer with a list.

# %%
answer = ...
gn.learn.check("19-3", answer)

# %% [markdown]
# **4.** Write a function `answer(row, kernel, g)` of NumPy arrays: the gradient of a one-dimensional kernel, when g arrives at the result of
# convolving `row` with it (no padding, stride 1).

# %%
answer = ...
gn.learn.check("19-4", answer)
