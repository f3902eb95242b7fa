"""What a change would do, for whoever reviews it: its plan, what is dangerous, who may do what, what it costs.

Leans on `policy` (the rules and their words) and on `localcloud` (runs the program in process); neither knows it.
"""
