"""Trees become short and long thoughts here."""
