"""Solutions of lesson 3, the chain rule."""

import math

import graphnn as gn

# 1. The inner slope is 5, the outer 2 (5x - 2) = 6.
gn.learn.check("03-1", 6 * 5)

# 2. 3 along one way; along the other x · x brings x twice, once for each operand: 3 + 4 + 4.
gn.learn.check("03-2", 3 + 4 + 4)

# 3. Two choices, then two choices.
gn.learn.check("03-3", 2 * 2)

# 4. The 3 stands inside.
x = gn.input("x", (), "float64")
gn.learn.check("03-4", gn.tanh(3.0 * x))

# 5. Multiply along each path, then add.
gn.learn.check("03-5", lambda paths: sum(math.prod(path) for path in paths))
