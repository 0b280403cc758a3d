"""The same file to sorted Parquet by DuckDB alone: its columns as they are, in order of author and time."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

SQL = """
COPY (
    SELECT
        tweet_id,
        author_id,
        inbound,
        strptime(created_at, '%a %b %d %H:%M:%S +0000 %Y') AS sent_at,
        text,
        response_tweet_id,
        in_response_to_tweet_id
    FROM read_csv(
        $source, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"',
        columns = {
            'tweet_id': 'BIGINT', 'author_id': 'VARCHAR', 'inbound': 'BOOLEAN', 'created_at': 'VARCHAR',
            'text': 'VARCHAR', 'response_tweet_id': 'VARCHAR', 'in_response_to_tweet_id': 'BIGINT'
        }
    )
    ORDER BY author_id, sent_at, tweet_id
) TO $target (FORMAT parquet)
"""

with TemporaryDirectory(dir=Path(sys.argv[1]).parent) as folder:
    duckdb.execute(SQL, {"source": sys.argv[1], "target": f"{folder}/tweets.parquet"})
