"""The harness: a pocket internet, an AWS that says no, a reference server and what drives it."""
