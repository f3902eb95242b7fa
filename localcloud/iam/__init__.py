"""Who asks, and may they: principals, tokens, policies, roles, and the permission that a method needs."""
