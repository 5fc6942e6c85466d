"""Solutions of lesson 7, vectors and shapes."""

import numpy as np

import graphnn as gn

# 1. That of w.
gn.learn.check("07-1", (10, 5))

# 2. The only products that fit.
gn.learn.check("07-2", lambda x, w, g: (g @ w.T, x.T @ g))

# 3. Each of the 50 rows sends 1/150 back.
gn.learn.check("07-3", 50 / 150)

# 4. Weights (3, 2) turn three columns into two.
x = gn.input("x", ("batch", 3), "float64")
w = gn.parameter(np.ones((3, 2)), "w", "float64")
b = gn.parameter(np.ones(2), "b", "float64")
gn.learn.check("07-4", x @ w + b)
