"""Click-to-chat advertising. Its place is kept; nothing is built here yet."""
