"""Push services of browsers and phones."""
