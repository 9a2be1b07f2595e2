"""The report: one HTML file for people who read rather than query.

`data` reads the warehouse, `sentences` puts figures into words, `shapes` and `charts` draw, `page`
puts the file together. Does not belong here: any figure or any state's name; both come from the
warehouse and from the question in `indices/definition.toml`.
"""
