"""The words all capabilities share: API errors, nodes, identifiers, updates for webhooks, sealed secrets."""
