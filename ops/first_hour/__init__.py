"""The first hour: from nothing to a proved stack, in order, as often as needed.

Each step asks the cloud what is there already, so that a run that was stopped, killed or refused is gone on with by the
next; nothing is kept in a file of its own. Deliberately not: the checks of a stack that stands (`ops/operate/doctor`).
"""
