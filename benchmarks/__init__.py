"""What the product costs: time, statements, bytes, on real databases (`make bench`, docs/reference/benchmarks.md)."""
