"""What the law has kept: agencies, enterprises, users, filings, certificates, notices and messages.

Stands on `engine/` alone (its declarative base, its refusals) and knows nothing of pages or of diagrams.
"""
