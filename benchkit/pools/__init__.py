"""Benchmarks that peers share and add up: life tables of many brands, with no message and no name."""

from benchkit.pools.exporting import Exported, export_peers, pool_peers
from benchkit.pools.files import read_pool
from benchkit.pools.pool import Pool

__all__ = ["Exported", "Pool", "export_peers", "pool_peers", "read_pool"]
