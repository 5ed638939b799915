"""Messages between businesses and people: sending, incoming, statuses, windows.

`content`, `interactive`, `rendering` and `rules` are pure. `commands` decides a whole batch of sends in one
transaction and records what became of them; `pipeline` carries accepted messages to the `Channel` and writes down
`sent`. What other capabilities know (templates, media, numbers, prices) comes through `ports`.
"""
