"""Access: who signed a call, by which credentials, and whether the policies let that caller do it."""
