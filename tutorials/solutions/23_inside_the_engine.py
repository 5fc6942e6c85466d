"""Solutions of lesson 23, inside the engine."""

import graphnn as gn

# 1. z = t - s is step 2.
gn.learn.check("23-1", 2)

# 2. Two rooms of 8000 bytes that take turns.
gn.learn.check("23-2", 2 * 8000)

# 3. A product and a sum for each of 32 · 64 · 10 combinations.
gn.learn.check("23-3", 2 * 32 * 64 * 10)

# 4. The first call of graphnn makes the plan.
gn.learn.check("23-4", "numpy")

# 5. Four blocks of four: the square root of 16.
x = gn.input("x", (1000,), "float64")
y = x
for block in range(4):
    with gn.checkpoint(f"block{block}"):
        for _ in range(4):
            y = gn.sin(y)
gn.learn.check("23-5", y)
