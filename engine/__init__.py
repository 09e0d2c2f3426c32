"""Runs BPMN processes durably on SpiffWorkflow; knows nothing of filings, web pages or any law."""
