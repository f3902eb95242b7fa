"""The control plane: every method of every API that is no raw route, answered from resources in memory."""
