"""Filings: the shape of the form, the rules of the trade, and the service tasks of the filing procedure."""
