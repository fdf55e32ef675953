"""The way to the county: message types, the journal of signed records, the durable outbox and MQTT."""
