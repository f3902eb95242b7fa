"""What the browser gets: the rendered `window.config`, the headers, the lite page and the release step.

Renders from plain values. It knows nothing of `infra`, `components` or `localcloud`.
"""
