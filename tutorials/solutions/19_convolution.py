"""Solutions of lesson 19, convolution."""

import numpy as np

import graphnn as gn

# 1. The kernel fits 24 times.
gn.learn.check("19-1", 28 - 5 + 1)

# 2. Each filter looks at all 8 channels.
gn.learn.check("19-2", 16 * 8 * 3 * 3)

# 3. 1 - 3 and 2 - 4.
gn.learn.check("19-3", [1 - 3, 2 - 4])


# 4. Weight k meets row[k], row[k + 1], ...: one number for each place.
def kernel_gradient(row, kernel, g):
    return np.array([np.sum(g * row[k : k + len(g)]) for k in range(len(kernel))])


gn.learn.check("19-4", kernel_gradient)
