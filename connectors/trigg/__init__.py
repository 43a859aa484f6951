"""The Trigg Integrations API: account, errors, client, reports.

Nothing is imported here: `client` brings in httpx (0.4 s), which a command that sends nothing
need not pay for.
"""
