"""REST, the live WebSocket and the pages."""
