"""Solutions of lesson 15, learning rates and schedules."""

import math

import graphnn as gn

# 1. 2 divided by the curvature.
gn.learn.check("15-1", 2 / 8)

# 2. A quarter of the way is left.
gn.learn.check("15-2", 0.1 * (1 - 150 / 200))

# 3. It jumps from wall to wall, farther each time.
gn.learn.check("15-3", "too large")

# 4. The cosine falls from 1 to -1; shifted and halved it falls from 1 to 0.
gn.learn.check("15-4", lambda step, steps: (1 + math.cos(math.pi * step / steps)) / 2)
