"""Tryton 8: production orders, operations, stock, purchases and inspections, read by polling its JSON-RPC."""
