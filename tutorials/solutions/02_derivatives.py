"""Solutions of lesson 2, derivatives."""

import graphnn as gn

# 1. The slope of x³ is 3x², and 3 · 2² = 12.
gn.learn.check("02-1", 3 * 2**2)


# 2. From x - h to x + h the knob moves by 2h.
def slope(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


gn.learn.check("02-2", slope)

# 3. Small, but with digits left for the difference.
gn.learn.check("02-3", "0.00001")

# 4. The slope with respect to b is a = 4, and 4 · 0.01 = 0.04.
gn.learn.check("02-4", 4 * 0.01)
