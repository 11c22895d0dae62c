"""A real Tryton ERP, installed apart and run as a process of its own, for the demo and the tests."""
