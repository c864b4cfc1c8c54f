"""One module for each grant type: ``async def exchange(issuer, request, client, confirmation)``."""
