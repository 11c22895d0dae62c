"""frePPLe 9: manufacturing orders and work orders of the published plan, polled from its REST interface."""
