"""The demo world: a living network on one machine, also what tests, screenshots and docs stand on.

Ana and Bruno are for whoever opens their links; the others answer. Their devices live in this process and are encrypted
end to end like any: they publish keys, hold sessions, and read what they are told. `people` says who they are and what
they say, `friends` makes them live, `seed` founds the world and prints the links.
"""
