"""The county's end: takes in what points send, answers with receipts, shows it. A process of its own."""
