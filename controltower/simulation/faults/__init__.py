"""The faults that can be switched on: one small file each."""
