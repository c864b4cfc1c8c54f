"""AWS IAM Identity Center: its administration, its directory, its OIDC service and its portal."""
