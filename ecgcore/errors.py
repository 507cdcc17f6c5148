"""Every error this project raises on purpose."""


class EcgomicsError(Exception):
    """Something a person or a peer did that cannot be carried out; the text says what and where."""


class FrameError(EcgomicsError):
    """Bytes that are not a sample frame."""


class EventError(EcgomicsError):
    """Bytes that are not an event of a patch."""


class TopicError(EcgomicsError):
    """A name or topic outside the scheme."""


class NotificationError(EcgomicsError):
    """Bytes from a patch that its driver cannot read."""


class CommandError(EcgomicsError):
    """Something that a gateway was told to do and cannot."""


class StateError(EcgomicsError):
    """A stored state that belongs to another algorithm, version or parameter set."""


class ConfigError(EcgomicsError):
    """A setting that cannot be used; commands end with exit code 2."""


class CatalogueError(EcgomicsError):
    """A row of the registry of biomarkers that cannot be; the text names it and its field."""


class RulesError(EcgomicsError):
    """A row of the vocabulary or a rule that cannot be; the text names it and its field."""


class PopulationError(EcgomicsError):
    """A table of the population that cannot be; the text names the row."""
