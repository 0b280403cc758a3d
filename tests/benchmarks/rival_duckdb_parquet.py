"""The naive figures in DuckDB SQL, from stored messages: answered messages only, first reply, per brand."""

import sys

import duckdb

SQL = """
WITH messages AS (
    SELECT message_id, in_reply_to, brand, sender, sent_at FROM read_parquet($path)
),
first_replies AS (
    SELECT
        reply.brand,
        epoch(min(reply.sent_at) - any_value(question.sent_at)) AS seconds
    FROM messages AS reply
    JOIN messages AS question ON reply.in_reply_to = question.message_id
    WHERE question.sender = 'customer' AND reply.sender = 'agent'
    GROUP BY reply.brand, question.message_id
)
SELECT
    brand,
    count(*) AS answered,
    avg(seconds) AS mean,
    quantile_cont(seconds, 0.5) AS median,
    quantile_cont(seconds, 0.9) AS p90,
    avg((seconds <= 3600)::INT) AS within_1h,
    avg((seconds <= 86400)::INT) AS within_24h
FROM first_replies
GROUP BY brand
ORDER BY brand
"""

duckdb.execute(SQL, {"path": sys.argv[1]})
print("brand,answered,mean,median,p90,within_1h,within_24h")
for row in duckdb.fetchall():
    print(*row, sep=",")
