"""CloudEvents 1.0 over HTTP in structured, binary and batched mode, holding the tower's canonical events."""
