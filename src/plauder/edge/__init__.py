"""Where bytes meet the world: TCP, WebSocket, HTTP, SMS, push, webhooks out."""
