"""Measure what graphnn promises: `python -m benchmarks.training_step`, `python -m benchmarks.no_compile`."""
