"""Files of rules: what is none is refused before it is waited for, or read without end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchkit.errors import BenchkitError, InputError
from benchkit.sources.mapping import Mapping
from benchkit.sources.raw import open_raw
from benchkit.sources.secrets import connection_uri
from benchkit.toml import MOST_BYTES, read_toml


def test_no_pipe_or_device_is_waited_for(tmp_path: Path) -> None:
    pipe, endless = tmp_path / "pipe.toml", tmp_path / "endless.toml"
    os.mkfifo(pipe)
    endless.symlink_to("/dev/zero")
    for place in (pipe, endless):
        with pytest.raises(InputError, match="is a pipe or a device; name a file"):
            Mapping.load(place)
        with pytest.raises(BenchkitError, match="holds no connection URI alone"):
            connection_uri(f"uri:{place}")
        for named in (place, tmp_path, tmp_path / "*.toml"):
            with pytest.raises(InputError, match=r"there is no such file|names no file that can be read"):
                open_raw(named)


def test_a_file_of_rules_is_small(tmp_path: Path) -> None:
    file = tmp_path / "large.toml"
    file.write_text("a = 1\n" + "#" * (MOST_BYTES - 6), encoding="utf-8")
    assert read_toml(file, dict) == {"a": 1}
    file.write_text("a = 1\n" + "#" * (MOST_BYTES - 5), encoding="utf-8")
    with pytest.raises(InputError, match=r"large.toml': is larger than 1 MiB; name a file of rules"):
        read_toml(file, dict)
