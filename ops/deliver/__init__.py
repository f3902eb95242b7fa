"""How a push becomes a deployment: the pipelines, the steps they call, the release record, drift."""
