"""Are you there? (XEP-0199): the server and every account answer for themselves."""
