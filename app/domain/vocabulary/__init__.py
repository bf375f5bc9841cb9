"""The code sets of the field, one file a subject of the work.

Source: domain reference, sections 2.0 and 3.0. A set that only one flow uses stands with that flow.
"""
