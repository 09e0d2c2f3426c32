"""Changes of a filing: what can be changed, the rules, and the service tasks of the procedure (R125 to R138)."""
