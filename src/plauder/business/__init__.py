"""Business capabilities: one folder each, `rules` (pure), `commands` (use cases on a unit of work), `store` (tables).

Capabilities do not import each other. What they all speak of (errors of the API, nodes, updates for webhooks) is in
`business.shared`; what one needs of another is a port in the needing one, wired in `edge.http.graph.wiring`.
"""
