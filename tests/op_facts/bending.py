"""Ops that send back something else than their slope."""

from op_facts.registry import bends

bends("the gradient is multiplied on the way back", "scale_gradient", "gradient_reversal")
bends("the gradient is cut on the way back", "clip_gradient")
bends("the gradient goes to the soft operand, the value comes from the hard one", "straight_through")
