"""Solutions of lesson 1, nodes and edges."""

import graphnn as gn

# 1. x, d and e. x is used three times and is still one node.
gn.learn.check("01-1", 3)

# 2. Two operands of the product, both x, and two of the sum, d and x.
gn.learn.check("01-2", 4)

# 3. Every name after those that it is made of. y may also stand first.
gn.learn.check("01-3", ["x", "y", "s", "p", "z"])

# 4. A formula in Python is a graph already.
x = gn.input("x", (), "float64")
gn.learn.check("01-4", x * x + 3.0 * x)

# 5. The same Python variable twice is the same node twice.
x = gn.scalar(2.0, "x")
gn.learn.check("01-5", gn.sin(x) + x * 3.0)
