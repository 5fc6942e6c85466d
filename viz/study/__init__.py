"""What a graph or a run teaches, in numbers and words: ledger, health, paths, explanations, differences."""
