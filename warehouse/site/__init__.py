"""The site: documentation, report and downloads as one static folder that any host can serve.

`text` turns the repository's Markdown into pages, `pages` frames them, `downloads` says what
releases there are, and `write` puts the folder together. Does not belong here: any figure, and
any text of the documentation.
"""
