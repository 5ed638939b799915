"""Ad-hoc commands (XEP-0050): clients list what the server can do for them, and have it done.

Other features offer commands by `server.command`; which of them are for operators only is checked here, for each step.
"""
