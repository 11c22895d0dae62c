"""The tower's vocabulary and judgement: pure values and functions, with `now` as an argument."""
