"""What every command needs of the outside, each once: tokens, HTTP, Google's APIs, a DICOM store, a stack's outputs.

The study job (a container) and the smoke tests (an oracle) repeat some of it on purpose: each can be lifted out.
"""
