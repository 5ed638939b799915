"""Message links and their QR codes: a short address that opens a chat with a text already written."""
