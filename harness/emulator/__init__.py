"""An emulated AWS with issuers, outside of worlds: in this process without a socket, or served.

>>> aws = EmulatedAws()
>>> okta = aws.add_issuer(Issuer("okta"))
>>> aws.boto3().client("iam").create_open_id_connect_provider(Url=okta.url, ClientIDList=[okta.client_id])
"""

from __future__ import annotations

from harness.emulator.aws import EmulatedAws
from harness.emulator.fetching import TrustError

__all__ = ["EmulatedAws", "TrustError"]
