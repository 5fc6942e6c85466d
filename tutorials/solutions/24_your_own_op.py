"""Solutions of lesson 24, your own op."""

import graphnn as gn

# 1. g times the local slope.
gn.learn.check("24-1", lambda g, x, y: g * 3.0 * x * x)


# 2. One loop that writes every element of y, and nothing else.
def kernel(x, y):
    for i in range(y.size):
        y[i] = x[i] * x[i] / (1.0 + abs(x[i]))


gn.learn.check("24-2", kernel)

# 3. height is one number, g * x has one for each element.
gn.learn.check("24-3", "a sum")

# 4. Python's operators, and one op.
x, beta = gn.input("x", (4,), "float64"), gn.input("beta", (), "float64")
gn.learn.check("24-4", x * gn.sigmoid(beta * x))

# 5. A composite: its slope follows from its parts.
gn.undeclare("bend", missing_ok=True)


@gn.composite("x(*s) -> y(*s)", latex=r"\frac{{x}}{1 + {x}^2}", samples=[(3, 4)])
def bend(x):
    """A bend that returns to 0. Shapes: x (*s) -> y (*s)."""
    return x / (1.0 + gn.square(x))


gn.learn.check("24-5", bend)
gn.undeclare("bend")
