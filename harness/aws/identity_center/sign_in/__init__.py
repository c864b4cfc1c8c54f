"""Signing in, and the tokens that come of it: what ``sso-oidc`` does, and its pages."""

from __future__ import annotations

from harness.aws.identity_center.sign_in.waiting import Devices, SignIn

__all__ = ["Devices", "SignIn"]
