"""Solutions of lesson 20, recurrent networks."""

import math

import graphnn as gn

# 1. h1 = 1, h2 = 0 + 0.5 · 1.
gn.learn.check("20-1", 0.5 * 1)

# 2. Ten times the factor u.
gn.learn.check("20-2", 0.5**10)

# 3. f multiplies what is kept, in each of the hundred steps.
gn.learn.check("20-3", "forget")


# 4. The state is carried from step to step.
def last_state(xs, w, u):
    h = 0.0
    for x in xs:
        h = math.tanh(w * x + u * h)
    return h


gn.learn.check("20-4", last_state)
