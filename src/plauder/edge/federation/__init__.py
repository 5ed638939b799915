"""Federation: streams between this server and others, on TCP and TLS (RFC 6120, XEP-0220, XEP-0288, XEP-0368).

`service` is the whole as `app` sees it, `connection` one stream of either direction, `dialing` finds and opens the way
to another server, `names` asks DNS, `trust` judges certificates. What is said on a stream before stanzas flow is
`wire.s2s_receiving` and `wire.s2s_initiating`; what is kept until it is delivered is `core.link`.
"""
