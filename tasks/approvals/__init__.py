"""Approval 项目核准: its form, its rules, and what comes of its decision."""
