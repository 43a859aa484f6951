"""The workbench: local web pages on which a file becomes a feed, and is loaded, without YAML.

Importing this is cheap: the server, `pipelines.workbench.serving`, comes with the command.
"""
