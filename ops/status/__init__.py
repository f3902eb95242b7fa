"""`python -m ops status`: what a deployed stack has and does, for whoever runs it. One module a concern."""
