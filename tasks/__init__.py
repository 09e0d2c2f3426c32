"""The service tasks that diagrams call, the rules and papers beneath them, the adapters to the outside."""
