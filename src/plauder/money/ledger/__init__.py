"""Double-entry bookkeeping, append-only.

An `Entry` is a set of legs that sum to zero per currency; one that does not cannot be constructed. Debits are positive,
credits negative. It is posted once per idempotency key and never edited: a correction is another entry that names the
first. Account names are paths, most general part first: `customer:<waba>`, `revenue:messages:<market>:<category>`.
"""
