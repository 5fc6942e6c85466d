"""Solutions of lesson 16, overfitting."""

import graphnn as gn

# 1. It knows its examples, and nothing else.
gn.learn.check("16-1", "overfitting")

# 2. Half of the units are there, so each counts twice.
gn.learn.check("16-2", 3 / (1 - 0.5))

# 3. The error, and the price of the weights.
p, y, w = (gn.input(name, (3,), "float64") for name in "pyw")
gn.learn.check("16-3", gn.mean(gn.square(p - y)) + 0.1 * gn.sum(gn.square(w)))


# 4. Count the epochs since the best one.
def stops_after(losses, patience):
    best, since = float("inf"), 0
    for epoch, loss in enumerate(losses, 1):
        since = 0 if loss < best else since + 1
        best = min(best, loss)
        if since == patience:
            return epoch
    return len(losses)


gn.learn.check("16-4", stops_after)
