"""What the tower costs and what it withstands, measured on the machine that runs this."""
