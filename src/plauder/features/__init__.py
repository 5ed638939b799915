"""Chat features, one folder each. A feature never imports another; they meet in the hooks of `core`."""
