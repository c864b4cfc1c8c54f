"""The issuer's endpoints, one module each: ``async def handle(issuer, request) -> Response``."""
