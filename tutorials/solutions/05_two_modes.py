"""Solutions of lesson 5, reverse mode and forward mode."""

import graphnn as gn

# 1. Forward mode: one pass for each input.
gn.learn.check("05-1", 3)

# 2. One result: one backward pass for all weights.
gn.learn.check("05-2", "reverse")

# 3. The product moves with 3 · 5, and x with 3.
gn.learn.check("05-3", 3 * 5 + 3)

# 4. The product rule: each factor's speed counts with its partner.
gn.learn.check("05-4", lambda a, da, b, db: (a * b, da * b + a * db))
