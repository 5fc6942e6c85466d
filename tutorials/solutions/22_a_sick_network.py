"""Solutions of lesson 22, a sick network."""

import numpy as np

import graphnn as gn

# 1. What is other with many examples than with eight: the labels of one have to fit those of the next.
gn.learn.check("22-1", "data")


# 2. One bad number is enough, and infinity counts.
def first_bad(values):
    for position, value in enumerate(values):
        if not np.isfinite(value).all():
            return position
    return -1


gn.learn.check("22-2", first_bad)

# 3. A harmless number goes into the logarithm, and its result is not taken.
x = gn.input("x", (3,), "float64")
positive = gn.greater(x, 0.0)
gn.learn.check("22-3", gn.where(positive, gn.log(gn.where(positive, x, 1.0)), 0.0))

# 4. The total is largest with x1 = 1 and x2 = 0: 1 + b.
gn.learn.check("22-4", -1)

# 5. Many rates do.
gn.learn.check("22-5", 0.3)
