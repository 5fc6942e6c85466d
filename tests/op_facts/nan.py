"""Pointwise ops that may answer a number where an operand is NaN."""

from op_facts.registry import stops_nan

stops_nan("what is not chosen does not matter", "where")
stops_nan("what is dropped does not matter", "dropout")
stops_nan("a slope does not matter where the number is positive", "prelu")
stops_nan("the soft value counts for the slope only", "straight_through")
stops_nan("1 to any power, and any number to the power 0, are 1, as in NumPy", "pow")
