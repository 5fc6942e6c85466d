"""Solutions of lesson 18, curvature."""

import numpy as np

import graphnn as gn

# 1. 4x³, then 12x².
gn.learn.check("18-1", 12 * 1**2)

# 2. Up in one direction, down in another.
gn.learn.check("18-2", "a saddle")

# 3. Slope 4 · 5 - 8 = 12, curvature 4; the bowl is exact, so this is its bottom.
gn.learn.check("18-3", 5 - 12 / 4)

# 4. Solving is better than inverting.
gn.learn.check("18-4", lambda g, h: -np.linalg.solve(h, g))
