"""Solutions of lesson 25, pictures for slides."""

import graphnn as gn

# 1. The order of the two does not matter.
gn.learn.check("25-1", "ledger+health")

# 2. Fold the layers, then open one.
gn.learn.check("25-2", {"slide": "16:9", "depth": 2, "unfold": "dense3"})

# 3. The start, the product, the sum, tanh.
gn.learn.check("25-3", 4)

# 4. Half of the gradient is gone: the second contribution has replaced the first.
gn.learn.check("25-4", "overwrite")

# 5. The ending of the name makes it a PDF.
gn.learn.check("25-5", "graphnn draw net.json --depth 1 --slide 16:9 -o net.pdf")
