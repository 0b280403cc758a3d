"""What Zendesk's API gives, kept as files, as a Dataset."""

from benchkit.sources.zendesk.reader import read_zendesk

__all__ = ["read_zendesk"]
