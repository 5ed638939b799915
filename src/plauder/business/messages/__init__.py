"""Messages between businesses and people: sending, incoming, statuses, windows.

`content`, `interactive`, `rendering` and `rules` are pure. `commands` decides a whole batch of sends in one
transaction; `pipeline` carries accepted messages to the `Channel`; `outcomes` writes down what became of them. What
other capabilities know (templates, media, numbers, prices) comes through `ports`.
"""
