"""Faults on purpose: what goes wrong with which requests, and how it goes wrong on the wire.

`rules` are the words, `chosen` says which request each rule hits, `content` refuses what a request
holds, `pages` are the answers, `wire` is what happens to the connection, `acting` ties them.
"""
