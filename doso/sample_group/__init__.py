"""A generated dealer group for the demo: three rooftops, two years of deals, a regional market."""

from doso.sample_group.files import write_sample_group
from doso.sample_group.group import DirtyRow, SampleGroup, SampleStore
from doso.sample_group.stores import Imbalance

__all__ = ["DirtyRow", "Imbalance", "SampleGroup", "SampleStore", "write_sample_group"]
