"""The examiner: breaks the network on purpose, asks the tower through its API, and marks its answers."""
