"""Solutions of lesson 6, your own engine."""

import math

import graphnn as gn

# 1. exp is its own slope.
gn.learn.check("06-1", lambda number: (math.exp(number), math.exp(number)))

# 2. Where it passes the number on, the slope is 1.
gn.learn.check("06-2", lambda number: (max(number, 0.0), 1.0 if number > 0 else 0.0))

# 3. Here a is used once, so nothing is overwritten.
gn.learn.check("06-3", "a * b")


# 4. The result starts with 1; then backwards, adding.
def gradients(parents):
    found = [0.0] * len(parents)
    found[-1] = 1.0
    for node in reversed(range(len(parents))):
        for operand, local in parents[node]:
            found[operand] += found[node] * local
    return found


gn.learn.check("06-4", gradients)
