"""Business capabilities, one folder each. They never import each other; they meet in the ledger and the outbox."""
