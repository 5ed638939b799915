"""The HTTP port: one FastAPI application made of the routers that the packages contribute."""
