"""Solutions of lesson 9, a neuron."""

import numpy as np

import graphnn as gn

# 1. For x = 0 the sum is 0 and must be above, for x = 1 it is -1 and must not.
gn.learn.check("09-1", -0.5)

# 2. x1 speaks for it, x2 against it, and x1 alone is enough.
gn.learn.check("09-2", (1.0, -1.0, 0.5))

# 3. "equal" is XOR turned round: no line parts it either.
gn.learn.check("09-3", "and")


# 4. Nothing changes where the answer was right, because then target - said is 0.
def learn(weights, row, target):
    said = 1.0 if row @ weights > 0 else 0.0
    return weights + (target - said) * np.asarray(row)


gn.learn.check("09-4", learn)
