"""What ``sso-admin`` administers: instances, permission sets and their assignments, applications."""
