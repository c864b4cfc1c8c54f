"""The identity store: users, groups, memberships."""
