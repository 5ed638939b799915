"""The routes by area. A node's own GET, POST and DELETE are dispatched by its kind; see `nodes`."""
