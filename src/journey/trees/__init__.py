"""What was tried: trees are grown, imported and marked here."""
