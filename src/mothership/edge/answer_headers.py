"""What every answer says to a browser, whoever makes it: the application, or the protocol before it."""

CSP = b"content-security-policy"
NO_CONTENT_LOADED = (CSP, b"default-src 'none'; frame-ancestors 'none'")
NO_SNIFFING = (b"x-content-type-options", b"nosniff")
