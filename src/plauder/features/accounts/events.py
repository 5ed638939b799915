"""What accounts announce through the outbox. The key is the account, so its events arrive in order."""

CREATED = "accounts.created"
"""{"account"}: a new account."""
INVITED = "accounts.invited"
"""{"account", "by", "invite"}: this new account came by an invitation of that one; `invite` is the invitation's id."""
REVOKED = "accounts.revoked"
"""{"account", "device"}: this device may not come back; its sessions end and its queue goes."""
DISABLED = "accounts.disabled"
"""{"account"}: the operator shut it; its sessions end, nothing is deleted."""
ENABLED = "accounts.enabled"
"""{"account"}: it may log in again."""
DELETED = "accounts.deleted"
"""{"account"}: it is gone; what inbox and features keep of it must go."""
RENAMED = "accounts.renamed"
"""{"account", "to"}: the person has a new number."""

ALL = (CREATED, INVITED, REVOKED, DISABLED, ENABLED, DELETED, RENAMED)
"""Who wants them subscribes in `app`."""
