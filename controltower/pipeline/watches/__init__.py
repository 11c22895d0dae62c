"""What is wrong now, by looking rather than by reading: one file each, found by `pipeline.watching`."""
