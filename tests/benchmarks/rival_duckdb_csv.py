"""The naive figures in DuckDB SQL, from the raw CSV: answered tweets only, first reply, per brand."""

import sys

import duckdb

SQL = """
WITH tweets AS (
    SELECT
        tweet_id,
        author_id,
        inbound,
        in_response_to_tweet_id AS parent_id,
        strptime(created_at, '%a %b %d %H:%M:%S +0000 %Y') AS sent_at
    FROM read_csv(
        $path, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"',
        columns = {
            'tweet_id': 'BIGINT', 'author_id': 'VARCHAR', 'inbound': 'BOOLEAN', 'created_at': 'VARCHAR',
            'text': 'VARCHAR', 'response_tweet_id': 'VARCHAR', 'in_response_to_tweet_id': 'BIGINT'
        }
    )
),
first_replies AS (
    SELECT
        reply.author_id AS brand,
        epoch(min(reply.sent_at) - any_value(question.sent_at)) AS seconds
    FROM tweets AS reply
    JOIN tweets AS question ON reply.parent_id = question.tweet_id
    WHERE question.inbound AND NOT reply.inbound
    GROUP BY reply.author_id, question.tweet_id
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
