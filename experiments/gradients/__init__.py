"""Gradient checking: every backward against derivatives that know nothing of it.

A *subject* is one layer call or one loss: what it computes, its backward, and how far each way of
differentiating it may be off. `check` holds the backward against four oracles.
"""
