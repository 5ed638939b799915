"""The Cloud API: routes that parse, call one use case, and render.

`build` (in `api`) makes an ASGI application of its own, because everything about the Graph differs from the rest of
the HTTP port: any version prefix or none, trailing slashes, merged parameters, its own error envelope for all errors.
The HTTP port asks `api.owns(path)` and hands such requests over.
"""
