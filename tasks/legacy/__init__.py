"""What the old system had: accounts and certificates, taken over from CSV files (R195)."""
