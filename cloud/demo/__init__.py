"""The whole system on one machine: who is started, how they are watched, what is measured."""
