"""What goes over MQTT, in bytes: the sample frame, the topics and the messages beside them."""
