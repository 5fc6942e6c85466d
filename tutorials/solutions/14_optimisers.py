"""Solutions of lesson 14, optimisers on surfaces."""

import graphnn as gn

# 1. A part of the old velocity, and the new gradient.
gn.learn.check("14-1", 0.9 * 2 + 1)

# 2. 1 + 0.9 + 0.81 + ... = 1 / (1 - 0.9)
gn.learn.check("14-2", 1 / (1 - 0.9))

# 3. Down in one direction, up in another.
gn.learn.check("14-3", "a saddle")


# 4. First the velocity, then the step with the new velocity.
def momentum(w, v, g, rate, mu):
    v = mu * v + g
    return w - rate * v, v


gn.learn.check("14-4", momentum)

# 5. Momentum, with a rate at which it does not fly out of the valley.
gn.learn.check("14-5", gn.optim.SGD(0.015, momentum=0.9))
