"""Any system with JSON lists over HTTP or JSON webhooks, mapped to canonical events in configuration."""
