"""The command line: serve, demo, check, account, invite, backup, restore, verify, config."""
