"""Any export through a mapping: a TOML file that says what its columns mean."""

from benchkit.sources.mapping.mapping import Mapping, shipped_names

__all__ = ["Mapping", "shipped_names"]
