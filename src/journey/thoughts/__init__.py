"""How it is told: trees become short and long thoughts here."""
