"""The store: exports read once and kept, each newer one adding to what is there."""

from __future__ import annotations

from benchkit.store.ingesting import Ingested as Ingested
from benchkit.store.ingesting import ingest as ingest
from benchkit.store.reading import datasets as datasets
from benchkit.store.reading import open_dataset as open_dataset
