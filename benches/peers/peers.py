"""Peers of clinch: one process holds one log for one peer and answers on each line of its standard input.

usage: peers.py PEER FOLDER THREADS

A line names a phase and its question: `cold by window half_life`, `warm ...`, `live rows`. The answer is one line of
JSON: wall and CPU seconds, and the table in cents, one row per label and one column per model (first touch, last
touch, linear, position-based 40/20/40, time decay).

The job, the same for all: repeats of an event id count once; a visitor is the customer that an `identify` row anywhere
in the log names with it (here no visitor has two); a touch counts for a purchase of its person within the closed
window [t - window, t]. Two touches of position-based share half and half, one takes all.
Two purchases may stand at one instant; two touches of a person never do in this log, so no peer states a rule for ties.
"""

import json
import math
import os
import resource
import sys
import time
from bisect import bisect_left, bisect_right

PEER, FOLDER, THREADS = sys.argv[1], sys.argv[2], int(sys.argv[3])
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS", "ARROW_NUM_THREADS"):
    os.environ[name] = str(THREADS)

DAY = 86_400_000
LABELS = {"topic": 40, "channel": 6}
PURCHASE, IDENTIFY = 2, 3
FIRST, LAST, LINEAR, POSITION, DECAY = range(5)
# No instant of the log lies before; with the widest window taken off, times are positive and small.
BASE = 1_735_689_600_000 - 40 * DAY


class Missing(Exception):
    """The peer cannot take part."""


def columns():
    """The raw columns; texts as Arrow arrays."""
    import numpy as np
    import pyarrow as pa

    def raw(name, kind):
        return np.fromfile(os.path.join(FOLDER, name), dtype=kind)

    def texts(name):
        offsets, data = raw(name + ".u32", np.int32), raw(name + ".bytes", np.uint8)
        return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data))

    return {
        "id": texts("id"),
        "at": raw("at.i64", np.int64),
        "kind": raw("kind.u8", np.uint8),
        "who": texts("who"),
        "customer": texts("customer"),
        "topic": raw("topic.u8", np.uint8),
        "channel": raw("channel.u8", np.uint8),
        "cents": raw("cents.i64", np.int64),
    }


# ---------------------------------------------------------------------------------------------------------------
# NumPy on sorted arrays: linear in touches, no pair is ever made.


def credit_sorted(keys, labels, labels_many, base_keys, cents, bits, window, half_life):
    """The table from touches sorted by person and instant.

    `keys` is person << bits | instant for touches, `base_keys` the same for purchases (sorted too). A touch's share
    of all its purchases is a running sum over starts and ends of their windows.
    """
    import numpy as np

    lo = np.searchsorted(keys, base_keys - window, "left")
    hi = np.searchsorted(keys, base_keys, "right")
    some = hi > lo
    lo, hi, base_keys, revenue = lo[some], hi[some], base_keys[some], cents[some].astype(np.float64)
    n = hi - lo
    count = len(keys)

    def spread(starts, ends, amounts):
        steps = np.bincount(starts, amounts, count + 1)
        steps -= np.bincount(ends, amounts, count + 1)
        return np.cumsum(steps, out=steps)[:count]

    def by_label(places, amounts):
        return np.bincount(labels[places], amounts, labels_many)

    table = np.zeros((labels_many, 5))
    table[:, FIRST] = by_label(lo, revenue)
    table[:, LAST] = by_label(hi - 1, revenue)
    table[:, LINEAR] = np.bincount(labels, spread(lo, hi, revenue / n), labels_many)

    end = np.where(n == 1, 0.5, np.where(n == 2, 0.5, 0.4)) * revenue
    many = n > 2
    middle = 0.2 * revenue[many] / (n[many] - 2)
    table[:, POSITION] = by_label(lo, end) + by_label(hi - 1, end)
    table[:, POSITION] += np.bincount(labels, spread(lo[many] + 1, hi[many] - 1, middle), labels_many)

    # Weights 2^(age / half-life) grow without bound over a year, and differences of running sums would lose them.
    # So instants count from the start of their own stretch of one window's length: a window covers at most the end
    # of one stretch and the start of the next. The sums are of integers, hence exact.
    instant = keys & ((1 << bits) - 1)
    stretch_of = instant // window
    instant -= stretch_of * window
    growth = 2.0 ** (window / half_life)
    scale = 62 - int(np.ceil(window / half_life)) - int(count).bit_length()
    weights = np.exp2(instant * (1.0 / half_life))
    sums = np.zeros(count + 1, np.int64)
    np.cumsum((weights * 2.0**scale).astype(np.int64), out=sums[1:])
    bought = base_keys & ((1 << bits) - 1)
    border = np.searchsorted(keys, base_keys - bought + bought // window * window, "left")
    total = (sums[hi] - sums[border]) + (sums[border] - sums[lo]) / growth
    each = revenue / (total * 2.0**-scale)
    steps = np.bincount(border, each * (1 - 1 / growth), count + 1)
    steps += np.bincount(lo, each / growth, count + 1)
    steps -= np.bincount(hi, each, count + 1)
    weights *= np.cumsum(steps, out=steps)[:count]
    table[:, DECAY] = np.bincount(labels, weights, labels_many)
    return table


def settle_keys(packed, ids_of):
    """Sorted distinct touches of packed key and label, repeats of an event id gone.

    Equal keys stand side by side after sorting. They are the same touch if their ids are equal; `ids_of` gives those
    of the few rows that could be, so that two events of one instant would both stay.
    """
    import numpy as np

    sorted_keys = np.sort(packed)
    again = np.flatnonzero(sorted_keys[1:] == sorted_keys[:-1])
    if len(again) == 0:
        return sorted_keys
    doubtful = np.unique(sorted_keys[again])
    # A bitmap over a few bits of the key leaves hardly more than the doubtful rows for the exact look-up.
    mask = (1 << 24) - 1
    seen = np.zeros(mask + 1, bool)
    seen[(doubtful ^ doubtful >> 20) & mask] = True
    rows = np.flatnonzero(seen[(packed ^ packed >> 20) & mask])
    place = np.minimum(np.searchsorted(doubtful, packed[rows]), len(doubtful) - 1)
    found = doubtful[place] == packed[rows]
    rows, place = rows[found], place[found]
    order = np.argsort(place, kind="stable")
    rows, place = rows[order], place[order]
    beside = place[1:] == place[:-1]
    keep = np.ones(len(sorted_keys), bool)
    keep[again + 1] = False
    result = sorted_keys[keep]
    ids = ids_of(rows)
    if not ids_differ(ids, beside):
        return result
    # Two events of one person, instant and label: as many of them as there are ids.
    distinct = {(int(at), str(id)) for at, id in zip(place, ids.to_pylist())}
    counts = np.bincount([at for at, _ in distinct], minlength=len(doubtful)) - 1
    result = np.sort(np.concatenate([result, np.repeat(doubtful, counts)]))
    return result


def ids_differ(ids, beside):
    """Whether two neighbours that stand beside each other with one key have two ids."""
    import numpy as np
    import pyarrow.compute as pc

    return bool(np.any(pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False) & beside))


def first_of_each(codes):
    """Where each code is met first; codes count up in the order of their first row."""
    import numpy as np

    before = np.concatenate([[-1], np.maximum.accumulate(codes)[:-1]])
    return np.flatnonzero(codes > before)


class NumPy:
    """NumPy + PyArrow by hand: Arrow looks texts up, NumPy does the rest."""

    def __init__(self):
        import numpy
        import pyarrow

        self.versions = {"numpy": numpy.__version__, "pyarrow": pyarrow.__version__}
        pyarrow.set_cpu_count(THREADS)
        self.log = columns()
        self.held = None

    def people(self):
        """Rows of purchases without repeats and their customers' numbers; rows of buyers' touches, and theirs."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        log = self.log
        bought = np.flatnonzero(log["kind"] == PURCHASE)
        ids = log["id"].take(pa.array(bought)).dictionary_encode().indices.to_numpy()
        bought = bought[first_of_each(ids)]
        buyers = log["who"].take(pa.array(bought)).dictionary_encode()
        said = pa.array(np.flatnonzero(log["kind"] == IDENTIFY))
        named = pc.index_in(log["customer"].take(said), buyers.dictionary)
        known = named.is_valid()
        texts = pa.concat_arrays([buyers.dictionary, log["who"].take(said).filter(known)])
        numbers = np.concatenate([np.arange(len(buyers.dictionary)), named.filter(known).to_numpy()])
        # Nobody's rows look up the place behind the last.
        numbers = np.append(numbers, -1).astype(np.int32)
        place = pc.fill_null(pc.index_in(log["who"], texts), len(numbers) - 1).to_numpy()
        person = numbers[place]
        rows = np.flatnonzero((person >= 0) & (log["kind"] < PURCHASE))
        return bought, buyers.indices.to_numpy(), rows, person[rows]

    def staged(self, window, labels):
        """Sorted distinct touches that some window may reach, as packed keys; sorted purchases."""
        import numpy as np

        log = self.log
        bought, buyer, rows, who = self.people()
        at = log["at"][bought] - BASE
        buyers = int(buyer.max()) + 1
        first = np.full(buyers + 1, 1 << 60)
        last = np.full(buyers + 1, -1)
        np.minimum.at(first, buyer, at)
        np.maximum.at(last, buyer, at)
        when = log["at"][rows] - BASE
        inside = (when >= first[who] - window) & (when <= last[who])
        rows, who, when = rows[inside], who[inside].astype(np.int64), when[inside]
        bits = int(max(at.max(), when.max())).bit_length()
        shift = sum(int(LABELS[label] - 1).bit_length() for label in labels)
        assert bits + shift + buyers.bit_length() <= 63, "keys do not fit a word"
        packed = who << bits | when
        for label in labels:
            packed = packed << int(LABELS[label] - 1).bit_length() | log[label][rows]
        packed = settle_keys(packed, lambda some: self.ids(rows[some]))
        keys = buyer.astype(np.int64) << bits | at
        order = np.argsort(keys)
        return packed, keys[order], log["cents"][bought][order], bits

    def ids(self, rows):
        import pyarrow as pa

        return self.log["id"].take(pa.array(rows))

    def cold(self, by, window, half_life):
        import numpy as np

        packed, keys, cents, bits = self.staged(window, [by])
        shift = int(LABELS[by] - 1).bit_length()
        labels = (packed & ((1 << shift) - 1)).astype(np.uint8)
        return credit_sorted(packed >> shift, labels, LABELS[by], keys, cents, bits, window, half_life)

    def prepare(self, window):
        """Everything that the same question with another label or model needs, sorted."""
        import numpy as np

        packed, keys, cents, bits = self.staged(window, ["topic", "channel"])
        labels = {"channel": (packed & 7).astype(np.uint8), "topic": (packed >> 3 & 63).astype(np.uint8)}
        self.held = (packed >> 9, labels, keys, cents, bits)

    def warm(self, by, window, half_life):
        keys, labels, bought, cents, bits = self.held
        return credit_sorted(keys, labels[by], LABELS[by], bought, cents, bits, window, half_life)


# ---------------------------------------------------------------------------------------------------------------
# Polars.


def polars_frame():
    import numpy as np
    import polars as pl

    log = columns()
    return pl.DataFrame({name: pl.from_arrow(c) if not isinstance(c, np.ndarray) else c for name, c in log.items()})


class PolarsNumPy(NumPy):
    """Polars looks texts up by a join, on all its threads; NumPy does the rest."""

    def __init__(self):
        import numpy
        import polars

        self.versions = {"polars": polars.__version__, "numpy": numpy.__version__}
        self.frame = polars_frame()
        self.held = None

    def staged(self, window, labels):
        import numpy as np
        import polars as pl

        log = self.frame.lazy()
        at = (pl.col("at") - BASE).alias("at")
        bought = log.filter(kind=PURCHASE).select("id", "who", at, "cents").collect()
        bought = bought.unique("id", keep="any", maintain_order=False).drop("id")
        spans = bought.group_by("who").agg(since=pl.col("at").min() - window, until=pl.col("at").max())
        spans = spans.with_row_index("person")
        said = self.frame.filter(kind=IDENTIFY).select("who", "customer").unique()
        said = said.join(spans, left_on="customer", right_on="who")
        people = pl.concat([spans, said.select(spans.columns)]).lazy()
        bits = int(bought["at"].max()).bit_length()
        packed = pl.col("person").cast(pl.Int64) * (1 << bits) + pl.col("at")
        keys = bought.join(spans, on="who").select(packed, "cents").sort("person")
        for label in labels:
            packed = packed * (1 << int(LABELS[label] - 1).bit_length()) + pl.col(label)
        # An inner join in any order; one that keeps the order takes three times as long.
        touches = log.with_row_index("row").filter(pl.col("kind") < PURCHASE).select("row", "who", at, *labels)
        touches = touches.join(people, on="who").filter(pl.col("at").is_between("since", "until"))
        touches = touches.select("row", packed.alias("packed")).collect(engine="streaming")
        rows, packed = touches["row"].to_numpy(), touches["packed"].to_numpy()
        packed = settle_keys(packed, lambda some: self.frame["id"].gather(rows[some]).to_arrow())
        return packed, keys["person"].to_numpy(), keys["cents"].to_numpy(), bits


class Polars:
    """Polars, lazy: only buyers' touches inside the span of their purchases are cleaned and paired."""

    def __init__(self):
        import polars

        self.versions = {"polars": polars.__version__}
        self.frame = polars_frame()
        self.held = None

    def staged(self, window):
        import polars as pl

        log = self.frame.lazy()
        at = (pl.col("at") - BASE).alias("at")
        bought = log.filter(kind=PURCHASE).select("id", "who", at, "cents").collect(engine="streaming")
        bought = bought.unique("id", keep="any", maintain_order=False).drop("id")
        spans = bought.group_by("who").agg(since=pl.col("at").min() - window, until=pl.col("at").max())
        spans = spans.with_row_index("person")
        bought = bought.join(spans.select("who", "person"), on="who").select("person", "at", "cents")
        said = log.filter(kind=IDENTIFY).select("who", "customer").unique().collect(engine="streaming")
        said = said.join(spans, left_on="customer", right_on="who").select("person", "who", "since", "until")
        people = pl.concat([spans.select("person", "who", "since", "until"), said])
        # Person and instant in one word: one column to sort by.
        key = (pl.col("person").cast(pl.Int64) * (1 << 40) + pl.col("at")).alias("key")
        touches = (
            log.filter(pl.col("kind") < PURCHASE)
            .select("id", "who", at, "topic", "channel")
            .join(people.lazy(), on="who")
            .filter(pl.col("at").is_between("since", "until"))
            .select(key, "at", "id", "topic", "channel")
            .collect(engine="streaming")
            .sort("key")
        )
        # Copies are equal in all columns and stand side by side now. Where two neighbours differ in their ids alone,
        # which this log never does, the longer way is right too.
        same = pl.col("key") == pl.col("key").shift()
        if touches.select((same & (pl.col("id") != pl.col("id").shift())).any()).item():
            touches = touches.unique("id", keep="any").sort("key")
        else:
            touches = touches.filter(~same.fill_null(False))
        return touches.drop("id"), bought.select(key, "at", "cents").sort("key")

    def cold(self, by, window, half_life):
        return self.credit(*self.staged(window), by, window, half_life)

    def prepare(self, window):
        self.held = self.staged(window)

    def warm(self, by, window, half_life):
        return self.credit(*self.held, by, window, half_life)

    def credit(self, touches, bought, by, window, half_life):
        """Windows become ranges of rows in the sorted touches, ranges become pairs, and these are summed by label."""
        import numpy as np
        import polars as pl

        keys, wanted = touches["key"].set_sorted(), bought["key"]
        paths = bought.select(
            revenue=pl.col("cents").cast(pl.Float64),
            lo=keys.search_sorted(wanted - window, "left").cast(pl.UInt32),
            hi=keys.search_sorted(wanted, "right").cast(pl.UInt32),
        )
        paths = paths.filter(pl.col("hi") > pl.col("lo"))
        paths = paths.with_columns(n=pl.col("hi") - pl.col("lo")).with_row_index("path")
        weights = touches.select((pl.col("at") * (math.log(2.0) / half_life)).exp())["at"]
        row = paths.select(pl.int_ranges("lo", "hi", dtype=pl.UInt32).explode()).to_series()
        path = paths.select(pl.col("path").repeat_by("n").explode()).to_series().set_sorted()
        pairs = pl.DataFrame({"path": path, "label": touches[by].gather(row), "weight": weights.gather(row)})
        total = pairs.lazy().group_by("path", maintain_order=True).agg(pl.col("weight").sum()).collect()["weight"]

        revenue, n = pl.col("revenue"), pl.col("n")
        end = pl.when(n == 1).then(0.5).when(n == 2).then(0.5).otherwise(0.4)
        paths = paths.select(
            "revenue",
            ends=revenue * end,
            linear=revenue / n,
            middle=pl.when(n > 2).then(0.2 * revenue / (n.cast(pl.Float64) - 2)).otherwise(0.0),
            decay=revenue / total,
            first=touches[by].gather(paths["lo"]),
            last=touches[by].gather(paths["hi"] - 1),
        )
        of_path = [pl.lit(paths[name]).gather("path").alias(name) for name in ("linear", "middle")]
        decay = pl.lit(paths["decay"]).gather("path") * pl.col("weight")
        sums = pairs.lazy().select("label", *of_path, decay=decay).group_by("label").agg(pl.all().sum())
        table = np.zeros((LABELS[by], 5))
        sums = sums.collect()
        table[sums["label"].to_numpy(), LINEAR:] = sums.select("linear", "middle", "decay").to_numpy()
        # The ends of a path are no middle.
        for edge, model in (("first", FIRST), ("last", LAST)):
            sums = paths.group_by(edge).agg(pl.col("revenue", "ends").sum(), pl.col("middle").sum())
            place = sums[edge].to_numpy()
            table[place, model] += sums["revenue"].to_numpy()
            table[place, POSITION] += (sums["ends"] - sums["middle"]).to_numpy()
        return table


# ---------------------------------------------------------------------------------------------------------------
# DuckDB.


class DuckDB:
    """Tuned SQL: only buyers' touches inside the span of their purchases; customers are small integers."""

    def __init__(self):
        import duckdb
        import pyarrow as pa

        self.versions = {"duckdb": duckdb.__version__}
        self.db = duckdb.connect(config={"threads": THREADS})
        self.db.execute("SET preserve_insertion_order = false")
        log = pa.table(columns()).rename_columns({"at": "ts"})  # `at` is a word of its SQL
        self.db.execute("CREATE TABLE log AS SELECT * FROM log")

    def staged(self, window):
        run = self.db.execute
        run(f"""
            CREATE OR REPLACE TEMP TABLE bought_raw AS
            SELECT who, ts - {BASE} AS ts, cents FROM (
                SELECT id, min(who) AS who, min(ts) AS ts, min(cents) AS cents
                FROM log WHERE kind = {PURCHASE} GROUP BY id)""")
        run(f"""
            CREATE OR REPLACE TEMP TABLE buyers AS
            SELECT (row_number() OVER ())::INTEGER AS person, who, since, until FROM (
                SELECT who, min(ts) - {window} AS since, max(ts) AS until FROM bought_raw GROUP BY who)""")
        # Numbered and stored in the order of people, so that pairs of a path stand close together.
        run("""
            CREATE OR REPLACE TEMP TABLE bought AS
            SELECT (row_number() OVER (ORDER BY person, ts))::INTEGER AS path, person, ts, cents
            FROM bought_raw JOIN buyers USING (who) ORDER BY person, ts""")
        run(f"""
            CREATE OR REPLACE TEMP TABLE people AS
            SELECT who, person, since, until FROM buyers UNION ALL
            SELECT DISTINCT log.who, person, since, until FROM log JOIN buyers ON log.customer = buyers.who
            WHERE kind = {IDENTIFY}""")
        # Copies are equal in all columns. With the numbers in front the group is found sooner than by the id alone.
        run(f"""
            CREATE OR REPLACE TEMP TABLE touches AS
            SELECT person, ts - {BASE} AS ts, min(topic) AS topic, min(channel) AS channel
            FROM log JOIN people USING (who)
            WHERE kind < {PURCHASE} AND ts BETWEEN since + {BASE} AND until + {BASE}
            GROUP BY person, ts, id""")

    def credit(self, by, window, half_life):
        """Person and stretch of time, in one number, find the touches that may lie in a window: it covers parts of two
        stretches of its own length. Pairs carry what each model needs; the ends are a matter of paths alone.
        """
        rows = self.db.execute(f"""
            WITH pairs AS MATERIALIZED (
                SELECT path, cents, label, weight, t.ts * 64 + label AS place
                FROM (SELECT path, cents, ts,
                          unnest([person * 1000 + ts // {window} - 1, person * 1000 + ts // {window}]) AS stretch
                      FROM bought) b
                JOIN (SELECT ts, {by} AS label, person * 1000 + ts // {window} AS stretch,
                          pow(2.0::DOUBLE, ts / {half_life}::DOUBLE) AS weight
                      FROM touches) t USING (stretch)
                WHERE t.ts BETWEEN b.ts - {window} AND b.ts),
            paths AS MATERIALIZED (
                SELECT path, any_value(cents)::DOUBLE AS cents, any_value(cents) / count(*) AS linear,
                    CASE WHEN count(*) > 2 THEN 0.4::DOUBLE ELSE 0.5::DOUBLE END * any_value(cents) AS ends,
                    CASE WHEN count(*) > 2 THEN 0.2::DOUBLE * any_value(cents) / (count(*) - 2) ELSE 0 END AS middle,
                    any_value(cents) / sum(weight) AS decay, min(place) % 64 AS first, max(place) % 64 AS last
                FROM pairs GROUP BY path),
            sums AS (
                SELECT label, 0 AS first, 0 AS last, sum(linear) AS linear, sum(middle) AS position,
                    sum(decay * weight) AS decay
                FROM pairs JOIN paths USING (path) GROUP BY label
                UNION ALL SELECT first, sum(cents), 0, 0, sum(ends - middle), 0 FROM paths GROUP BY first
                UNION ALL SELECT last, 0, sum(cents), 0, sum(ends - middle), 0 FROM paths GROUP BY last)
            SELECT label, sum(first), sum(last), sum(linear), sum(position), sum(decay) FROM sums GROUP BY label
            """).fetchall()
        return by_label(rows, by)

    def cold(self, by, window, half_life):
        self.staged(window)
        return self.credit(by, window, half_life)

    def lines(self, by, window, half_life):
        """From the file of JSON lines, whose fields are named to it beforehand, to the table."""
        kinds = f"CASE kind WHEN 'query' THEN 0 WHEN 'order' THEN {PURCHASE} ELSE {IDENTIFY} END"
        fields = ["id", "at", "kind", "visitor", "customer", "topic", "channel", "total"]
        types = ", ".join(f"'{field}': '{'TIMESTAMP' if field == 'at' else 'VARCHAR'}'" for field in fields)
        self.db.execute(f"""
            CREATE OR REPLACE TABLE log AS
            SELECT id, epoch_ms("at") AS ts, ({kinds})::UTINYINT AS kind, coalesce(visitor, customer) AS who,
                customer, topic[7:]::UTINYINT AS topic, channel[9:]::UTINYINT AS channel,
                (total::DECIMAL(18, 2) * 100)::BIGINT AS cents
            FROM read_json('{os.path.join(FOLDER, "lines.jsonl")}', format = 'newline_delimited', columns = {{{types}}})""")
        return self.cold(by, window, half_life)

    def prepare(self, window):
        self.staged(window)
        self.db.execute("CREATE OR REPLACE TEMP TABLE touches AS SELECT * FROM touches ORDER BY person, ts")

    def warm(self, by, window, half_life):
        return self.credit(by, window, half_life)


def by_label(rows, by):
    table = [[0.0] * 5 for _ in range(LABELS[by])]
    for label, *cells in rows:
        table[label] = [float(cell) for cell in cells]
    return table


# ---------------------------------------------------------------------------------------------------------------
# pandas.


class Pandas:
    """pandas as a user writes it: merges, and a group-by over pairs."""

    def __init__(self):
        import pandas as pd
        import pyarrow as pa

        self.versions = {"pandas": pd.__version__}
        self.frame = pa.table(columns()).to_pandas(types_mapper=lambda kind: pd.ArrowDtype(kind) if kind == pa.string() else None)
        self.held = None

    def staged(self, window):
        import numpy as np
        import pandas as pd

        log = self.frame
        bought = log.loc[log["kind"] == PURCHASE, ["id", "who", "at", "cents"]].drop_duplicates("id")
        codes, buyers = pd.factorize(bought["who"])
        bought = pd.DataFrame({"person": codes, "at": bought["at"].to_numpy() - BASE, "cents": bought["cents"].to_numpy()})
        said = log.loc[log["kind"] == IDENTIFY, ["who", "customer"]].drop_duplicates()
        numbers = pd.Index(buyers).get_indexer(said["customer"])
        people = pd.Index(buyers).append(pd.Index(said["who"][numbers >= 0]))
        numbers = np.append(np.append(np.arange(len(buyers)), numbers[numbers >= 0]), -1)
        touches = log.loc[log["kind"] < PURCHASE]
        person = numbers[people.get_indexer(touches["who"])]
        span = bought.groupby("person")["at"].agg(["min", "max"]).to_numpy()
        at = touches["at"].to_numpy() - BASE
        keep = (person >= 0) & (at >= span[person, 0] - window) & (at <= span[person, 1])
        touches = touches.loc[keep, ["id", "topic", "channel"]].assign(person=person[keep], at=at[keep])
        return touches.drop_duplicates("id").drop(columns="id"), bought

    def credit(self, touches, bought, by, window, half_life):
        import numpy as np
        import pandas as pd

        touches = touches[["person", "at", by]].assign(
            stretch=touches["at"] // window, weight=np.exp2(touches["at"] / half_life))
        bought = bought.assign(path=np.arange(len(bought)), stretch=bought["at"] // window)
        both = pd.concat([bought, bought.assign(stretch=bought["stretch"] - 1)])
        pairs = both.merge(touches, on=["person", "stretch"], suffixes=("_bought", ""))
        pairs = pairs[(pairs["at"] <= pairs["at_bought"]) & (pairs["at"] >= pairs["at_bought"] - window)]
        paths = pairs.groupby("path").agg(n=("at", "size"), first=("at", "min"), last=("at", "max"), total=("weight", "sum"))
        place = paths.index.get_indexer(pairs["path"])
        n, first, last, total = (paths[name].to_numpy()[place] for name in ("n", "first", "last", "total"))
        first, last, cents = first == pairs["at"], last == pairs["at"], pairs["cents"].to_numpy().astype(float)
        end = np.where(n == 1, 1.0, np.where(n == 2, 0.5, 0.4))
        columns = [
            cents * first,
            cents * last,
            cents / n,
            cents * np.where(first | last, end, 0.2 / np.maximum(n - 2, 1)),
            cents * pairs["weight"].to_numpy() / total,
        ]
        label = pairs[by].to_numpy()
        return np.stack([np.bincount(label, column, LABELS[by]) for column in columns], axis=1)

    def cold(self, by, window, half_life):
        return self.credit(*self.staged(window), by, window, half_life)

    def prepare(self, window):
        self.held = self.staged(window)

    def warm(self, by, window, half_life):
        return self.credit(*self.held, by, window, half_life)


# ---------------------------------------------------------------------------------------------------------------
# Plain Python: SQLite, the oracle, and one row at a time.


def rows():
    """The log as tuples: id, at, kind, who, customer, topic, channel, cents."""
    log = columns()
    at = log.pop("at") - BASE
    log = {name: column.to_pylist() if name in ("id", "who", "customer") else column.tolist() for name, column in log.items()}
    return list(zip(log["id"], at.tolist(), log["kind"], log["who"], log["customer"], log["topic"], log["channel"], log["cents"]))


def shares(instants, half_life):
    """What each touch of one path gets under each model, from the definitions."""
    n = len(instants)
    weights = [2.0 ** ((at - instants[-1]) / half_life) for at in instants]
    total = sum(weights)
    for place in range(n):
        first, last = place == 0, place == n - 1
        end = 1.0 if n == 1 else 0.5 if n == 2 else 0.4
        yield (float(first), float(last), 1.0 / n, end if first or last else 0.2 / (n - 2), weights[place] / total)


class Loop:
    """The oracle: dictionaries and loops, nothing clever."""

    def __init__(self):
        self.versions = {"python": sys.version.split()[0]}
        self.log = rows()

    def cold(self, by, window, half_life):
        distinct = {row[0]: row for row in self.log}.values()
        person = {row[3]: row[4] for row in distinct if row[2] == IDENTIFY}
        touches = {}
        for _, at, kind, who, _, topic, channel, _ in distinct:
            if kind < PURCHASE:
                touches.setdefault(person.get(who, who), []).append((at, topic if by == "topic" else channel))
        table = [[0.0] * 5 for _ in range(LABELS[by])]
        for _, bought, kind, who, _, _, _, cents in distinct:
            if kind == PURCHASE:
                path = sorted(touch for touch in touches.get(who, ()) if bought - window <= touch[0] <= bought)
                for (_, label), given in zip(path, shares([at for at, _ in path], half_life)):
                    for model, share in enumerate(given):
                        table[label][model] += cents * share
        return table

    def prepare(self, window):
        pass

    def warm(self, by, window, half_life):
        return self.cold(by, window, half_life)


class SQLite:
    """SQLite in memory: staged tables with an index on person and instant; paths first, then touches."""

    def __init__(self):
        import sqlite3

        self.versions = {"sqlite": sqlite3.sqlite_version}
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        self.db.execute("PRAGMA temp_store = memory")
        try:
            self.db.execute("SELECT exp2(1)")
        except sqlite3.OperationalError:
            self.db.create_function("exp2", 1, lambda x: 2.0**x, deterministic=True)
        self.db.execute("CREATE TABLE log (id TEXT, at INT, kind INT, who TEXT, customer TEXT, topic INT, channel INT, cents INT)")
        self.db.executemany("INSERT INTO log VALUES (?,?,?,?,?,?,?,?)", rows())

    def staged(self, window):
        run = self.db.execute
        for table in ("bought", "buyers", "people", "touches"):
            run(f"DROP TABLE IF EXISTS {table}")
        run(f"""CREATE TEMP TABLE buyers AS SELECT 0 AS person, who, min(at) - {window} AS since, max(at) AS until
                FROM log WHERE kind = {PURCHASE} GROUP BY who""")
        run("UPDATE buyers SET person = rowid")
        run("CREATE TEMP TABLE people (who TEXT PRIMARY KEY, person INT, since INT, until INT) WITHOUT ROWID")
        run("INSERT INTO people SELECT who, person, since, until FROM buyers")
        run(f"""INSERT OR IGNORE INTO people SELECT log.who, p.person, p.since, p.until
                FROM log JOIN people p ON p.who = log.customer WHERE kind = {IDENTIFY}""")
        run(f"""CREATE TEMP TABLE bought AS SELECT DISTINCT id, person, at, cents
                FROM log JOIN people USING (who) WHERE kind = {PURCHASE}""")
        # Copies are equal in all columns, so the key of the path drops them.
        run("CREATE TEMP TABLE touches (person INT, at INT, id TEXT, topic INT, channel INT,"
            " PRIMARY KEY (person, at, id)) WITHOUT ROWID")
        run(f"""INSERT OR IGNORE INTO touches SELECT person, at, id, topic, channel
                FROM log CROSS JOIN people USING (who) WHERE kind < {PURCHASE} AND at BETWEEN since AND until
                ORDER BY 1, 2, 3""")

    def credit(self, by, window, half_life):
        run = self.db.execute
        weight = f"exp2((t.at - b.at) * {1.0 / half_life!r})"
        run("DROP TABLE IF EXISTS paths")
        run(f"""CREATE TEMP TABLE paths AS
                SELECT b.person, b.at, b.cents, count(*) AS n, min(t.at) AS first, max(t.at) AS last,
                    b.cents / sum({weight}) AS decay
                FROM bought b CROSS JOIN touches t ON t.person = b.person AND t.at BETWEEN b.at - {window} AND b.at
                GROUP BY b.rowid""")
        run("CREATE INDEX path_of ON paths (person, at, cents, n, first, last, decay)")
        # Summed by touch first, in the order of the key: sorting all pairs by label takes twice as long as all the rest.
        found = run(f"""
            SELECT label, sum(first), sum(last), sum(linear), sum(position), sum(decay)
            FROM (SELECT t.{by} AS label, sum(cents * (t.at = first)) AS first, sum(cents * (t.at = last)) AS last,
                      sum(cents * 1.0 / n) AS linear,
                      sum(cents * CASE WHEN t.at <> first AND t.at <> last THEN 0.2 / (n - 2)
                                       WHEN n = 1 THEN 1.0 WHEN n = 2 THEN 0.5 ELSE 0.4 END) AS position,
                      sum(decay * {weight}) AS decay
                  FROM touches t CROSS JOIN paths b ON b.person = t.person AND b.at BETWEEN t.at AND t.at + {window}
                  GROUP BY t.person, t.at, t.id)
            GROUP BY label""").fetchall()
        return by_label(found, by)

    def cold(self, by, window, half_life):
        self.staged(window)
        return self.credit(by, window, half_life)

    def prepare(self, window):
        self.staged(window)

    def warm(self, by, window, half_life):
        return self.credit(by, window, half_life)


class Live:
    """One row at a time in a database, the table always up to date: what a row changes is credited anew.

    `run` executes a statement and returns a cursor. Touches and purchases stand under the person that is known so far;
    an identify row moves a visitor's touches to the customer.
    """

    INDEXES = (
        "CREATE INDEX touch_of ON live_touch (person, ts, topic)",
        "CREATE INDEX purchase_of ON live_purchase (person, ts, cents)",
    )

    def __init__(self, run, window, half_life):
        self.run, self.window, self.half_life = run, window, half_life
        self.table = [[0.0] * 5 for _ in range(LABELS["topic"])]

    def setup(self, table):
        """After the tables have been filled with the rows before; `table` is their answer."""
        for index in self.INDEXES:
            self.run(index)
        self.table = [list(map(float, row)) for row in table]

    def credit(self, person, purchases, sign):
        """Adds what these purchases of one person give, or takes it off again; their touches are read once."""
        if not purchases:
            return
        since, until = min(purchases)[0] - self.window, max(purchases)[0]
        touches = self.run(
            "SELECT ts, topic FROM live_touch WHERE person = ? AND ts BETWEEN ? AND ? ORDER BY ts", (person, since, until)
        ).fetchall()
        instants = [at for at, _ in touches]
        many = None
        for bought, cents in purchases:
            lo, hi = bisect_left(instants, bought - self.window), bisect_right(instants, bought)
            if hi - lo > 24:
                many = self.arrays(touches) if many is None else many
                self.credit_long(many, lo, hi, sign * cents)
                continue
            for (_, label), given in zip(touches[lo:hi], shares(instants[lo:hi], self.half_life)):
                row = self.table[label]
                for model, share in enumerate(given):
                    row[model] += sign * cents * share

    @staticmethod
    def arrays(touches):
        import numpy as np

        return np.array(touches, dtype=np.int64).T

    def credit_long(self, touches, lo, hi, revenue):
        """The same for a long path, where NumPy is the faster."""
        import numpy as np

        instants, labels = touches[0, lo:hi], touches[1, lo:hi]
        weights = np.exp2((instants - instants[-1]) * (1.0 / self.half_life))
        weights *= revenue / weights.sum()
        count, decay = np.bincount(labels).tolist(), np.bincount(labels, weights).tolist()
        n, first, last = hi - lo, int(labels[0]), int(labels[-1])
        linear, middle = revenue / n, 0.2 * revenue / (n - 2)
        for label, here in enumerate(count):
            if here:
                row = self.table[label]
                row[LINEAR] += here * linear
                row[POSITION] += here * middle
                row[DECAY] += decay[label]
        for label, model in ((first, FIRST), (last, LAST)):
            self.table[label][model] += revenue
            self.table[label][POSITION] += 0.4 * revenue - middle

    def reached(self, person, since, until):
        return self.run(
            "SELECT ts, cents FROM live_purchase WHERE person = ? AND ts BETWEEN ? AND ?", (person, since, until + self.window)
        ).fetchall()

    def known(self, table, id):
        return self.run(f"SELECT 1 FROM {table} WHERE id = ?", (id,)).fetchone() is not None

    def row(self, id, at, kind, who, customer, topic, channel, cents):
        if kind == IDENTIFY:
            self.identify(who, customer)
        elif kind == PURCHASE:
            if not self.known("live_purchase", id):
                self.run("INSERT INTO live_purchase VALUES (?,?,?,?)", (id, who, at, cents))
                self.credit(who, [(at, cents)], 1)
        elif not self.known("live_touch", id):
            person = who
            if kind == 0:
                found = self.run("SELECT customer FROM live_link WHERE who = ?", (who,)).fetchone()
                person = found[0] if found else who
            late = self.reached(person, at, at)
            self.credit(person, late, -1)
            self.run("INSERT INTO live_touch VALUES (?,?,?,?)", (id, person, at, topic))
            self.credit(person, late, 1)

    def identify(self, who, customer):
        if self.run("SELECT 1 FROM live_link WHERE who = ?", (who,)).fetchone():
            return
        self.run("INSERT INTO live_link VALUES (?,?)", (who, customer))
        since, until = self.run("SELECT min(ts), max(ts) FROM live_touch WHERE person = ?", (who,)).fetchone()
        if since is None:
            return
        changed = self.reached(customer, since, until)
        self.credit(customer, changed, -1)
        self.run("UPDATE live_touch SET person = ? WHERE person = ?", (customer, who))
        self.credit(customer, changed, 1)


def live(peer, count):
    """The last `count` rows one at a time, on top of all before them, which are there at the start."""
    db = peer.db
    integer = "BIGINT" if PEER == "duckdb" else "INT"
    # SQLite's rows count from there already.
    at = f"ts - {BASE}" if PEER == "duckdb" else "at"
    db.execute(f"CREATE TABLE live_touch (id TEXT PRIMARY KEY, person TEXT, ts {integer}, topic {integer})")
    db.execute(f"CREATE TABLE live_purchase (id TEXT PRIMARY KEY, person TEXT, ts {integer}, cents {integer})")
    db.execute("CREATE TABLE live_link (who TEXT PRIMARY KEY, customer TEXT)")
    many = db.execute("SELECT count(*) FROM log").fetchone()[0]
    log = rows()
    tail = log[many - count :]
    # The rows before, and their answer, by the peer's own batch form.
    db.execute("ALTER TABLE log RENAME TO whole")
    if PEER == "duckdb":
        import pyarrow as pa

        part = pa.table(columns()).rename_columns({"at": "ts"}).slice(0, many - count)
        db.execute("CREATE TABLE log AS SELECT * FROM part")
    else:
        db.execute(f"CREATE TABLE log AS SELECT * FROM whole WHERE rowid <= {many - count}")
    window, half_life = 30 * DAY, 7 * DAY
    table = peer.cold("topic", window, half_life)
    db.execute(f"INSERT INTO live_link SELECT DISTINCT who, customer FROM log WHERE kind = {IDENTIFY}")
    db.execute(f"""INSERT INTO live_purchase SELECT DISTINCT id, who, {at}, cents FROM log WHERE kind = {PURCHASE}""")
    db.execute(f"""INSERT INTO live_touch SELECT DISTINCT id, coalesce(k.customer, log.who), {at}, topic
                   FROM log LEFT JOIN live_link k ON k.who = log.who WHERE kind < {PURCHASE}""")
    state = Live(db.execute, window, half_life)
    state.setup(table)
    micros = []
    for row in tail:
        start = time.perf_counter()
        state.row(*row)
        micros.append((time.perf_counter() - start) * 1e6)
    return {"micros": micros, "table": state.table}


# ---------------------------------------------------------------------------------------------------------------


PEERS = {
    "numpy+pyarrow": NumPy,
    "polars+numpy": PolarsNumPy,
    "polars": Polars,
    "duckdb": DuckDB,
    "pandas": Pandas,
    "sqlite": SQLite,
    "loop": Loop,
}


def reset_peak():
    """Loading is not to count. Linux alone can forget; elsewhere the peak of the whole run is told."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


def peak_megabytes():
    try:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) / 1000 for line in file if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def main():
    try:
        peer = PEERS[PEER]()
    except ImportError as error:
        print(json.dumps({"missing": str(error)}), flush=True)
        return
    import gc

    gc.collect()
    reset_peak()
    print(json.dumps({"versions": peer.versions, "megabytes": peak_megabytes()}), flush=True)
    prepared = False
    for line in sys.stdin:
        phase, *words = line.split()
        if phase == "end":
            return
        if phase == "live":
            print(json.dumps(live(peer, int(words[0]))), flush=True)
            continue
        by, window, half_life = words[0], int(words[1]) * DAY, int(words[2]) * DAY
        if phase == "warm" and not prepared:
            peer.prepare(window)
            prepared = True
        wall, cpu = time.perf_counter(), time.process_time()
        table = {"warm": peer.warm, "cold": peer.cold, "lines": getattr(peer, "lines", None)}[phase](by, window, half_life)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        table = table if isinstance(table, list) else table.tolist()
        answer = {"wall": wall, "cpu": cpu, "table": table, "megabytes": peak_megabytes()}
        print(json.dumps(answer), flush=True)


main()
