"""How each simulated product writes its facts down: pure functions, one file per dialect."""
