"""The only home of SQL: a table and its queries in one file; functions take a Connection and never commit."""
