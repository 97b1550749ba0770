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
import os
import resource
import sys
import time

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
    codes = ids_of(rows)
    distinct = np.unique(place.astype(np.int64) << 32 | codes) >> 32
    keep = np.ones(len(sorted_keys), bool)
    keep[again + 1] = False
    result = sorted_keys[keep]
    if len(distinct) > len(doubtful):
        more = np.bincount(distinct, minlength=len(doubtful)) - 1
        result = np.sort(np.concatenate([result, np.repeat(doubtful, more)]))
    return result


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
        """Purchases without repeats, and the customer number of every row of the log (-1: bought nothing)."""
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
        return bought, buyers.indices.to_numpy(), numbers[place]

    def staged(self, window, labels):
        """Sorted distinct touches that some window may reach, as packed keys; sorted purchases."""
        import numpy as np

        log = self.log
        bought, buyer, person = self.people()
        at = log["at"][bought] - BASE
        buyers = int(buyer.max()) + 1
        first = np.full(buyers + 1, 1 << 60)
        last = np.full(buyers + 1, -1)
        np.minimum.at(first, buyer, at)
        np.maximum.at(last, buyer, at)
        rows = np.flatnonzero((person >= 0) & (log["kind"] < PURCHASE))
        who = person[rows]
        when = log["at"][rows] - BASE
        inside = (when >= first[who] - window) & (when <= last[who])
        rows, who, when = rows[inside], who[inside].astype(np.int64), when[inside]
        bits = int(max(at.max(), when.max())).bit_length()
        shift = sum(int(LABELS[label] - 1).bit_length() for label in labels)
        assert bits + shift + buyers.bit_length() < 63, "keys do not fit a word"
        packed = who << bits | when
        for label in labels:
            packed = packed << int(LABELS[label] - 1).bit_length() | log[label][rows]
        packed = settle_keys(packed, lambda some: self.id_codes(rows[some]))
        keys = buyer.astype(np.int64) << bits | at
        order = np.argsort(keys)
        return packed, keys[order], log["cents"][bought][order], bits

    def id_codes(self, rows):
        import pyarrow as pa

        return self.log["id"].take(pa.array(rows)).dictionary_encode().indices.to_numpy()

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
        self.log = {name: self.frame[name].to_numpy() for name in ("at", "kind", "topic", "channel", "cents")}
        self.held = None

    def people(self):
        import numpy as np
        import polars as pl

        frame = self.frame
        bought = np.flatnonzero(self.log["kind"] == PURCHASE)
        purchases = frame[["id", "who"]][bought].with_columns(row=bought)
        purchases = purchases.unique("id", keep="any", maintain_order=False)
        buyers = purchases.select(who=pl.col("who").unique()).with_row_index("person")
        said = frame.filter(kind=IDENTIFY).select("who", "customer").unique()
        said = said.join(buyers, left_on="customer", right_on="who").select("person", "who")
        people = pl.concat([buyers, said])
        buyer = purchases.select("who").join(buyers, on="who", how="left", maintain_order="left")["person"]
        person = frame.lazy().select("who").join(people.lazy(), on="who", how="left", maintain_order="left")
        person = person.select(pl.col("person").cast(pl.Int32).fill_null(-1)).collect()["person"]
        return purchases["row"].to_numpy(), buyer.to_numpy(), person.to_numpy()

    def id_codes(self, rows):
        return self.frame["id"].gather(rows).rank("dense").to_numpy()


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
        touches = (
            log.filter(pl.col("kind") < PURCHASE)
            .select("id", "who", at, "topic", "channel")
            .join(people.lazy(), on="who")
            .filter(pl.col("at").is_between("since", "until"))
            .select("person", "at", "id", "topic", "channel")
            .collect(engine="streaming")
        )
        # Copies are equal in all columns; side by side after the sort, so that only neighbours are compared.
        touches = touches.sort("person", "at")
        same = (pl.col("at") == pl.col("at").shift()) & (pl.col("person") == pl.col("person").shift())
        if touches.select((same & (pl.col("id") != pl.col("id").shift())).any()).item():
            touches = touches.unique("id", keep="any").sort("person", "at")
        else:
            touches = touches.filter(~same.fill_null(False))
        return touches.drop("id"), bought.sort("person", "at")

    def credit(self, touches, bought, by, window, half_life):
        import polars as pl

        touches = touches.select(
            "person", "at", pl.col(by).alias("label"), weight=((pl.col("at") / half_life).exp2())
        ).with_row_index("row")
        keys = touches.select(key=pl.col("person").cast(pl.Int64) * (1 << 40) + pl.col("at"))["key"]
        wanted = bought.select(key=pl.col("person").cast(pl.Int64) * (1 << 40) + pl.col("at"))["key"]
        paths = bought.lazy().select(
            revenue=pl.col("cents").cast(pl.Float64),
            lo=keys.search_sorted(wanted - window, "left"),
            hi=keys.search_sorted(wanted, "right"),
        )
        paths = paths.filter(pl.col("hi") > pl.col("lo")).with_row_index("path").collect()
        pairs = paths.lazy().select("path", row=pl.int_ranges("lo", "hi")).explode("row")
        pairs = pairs.select("path", weight=pl.lit(touches["weight"]).gather("row"), label=pl.lit(touches["label"]).gather("row"))
        return paths, pairs

    def cold(self, by, window, half_life):
        return self.credit_all(*self.staged(window), by, window, half_life)

    def prepare(self, window):
        self.held = self.staged(window)

    def warm(self, by, window, half_life):
        return self.credit_all(*self.held, by, window, half_life)

    def credit_all(self, touches, bought, by, window, half_life):
        """One pass over pairs, which exist only inside the streaming engine."""
        import numpy as np
        import polars as pl

        # Windows become ranges of row numbers in the sorted touches.
        key = pl.col("person").cast(pl.Int64) * (1 << 40) + pl.col("at")
        keys = touches.select(key.alias("key"))["key"].set_sorted()
        wanted = bought.select(key.alias("key"))["key"]
        paths = bought.select(
            "at",
            revenue=pl.col("cents").cast(pl.Float64),
            lo=keys.search_sorted(wanted - window, "left").cast(pl.Int64),
            hi=keys.search_sorted(wanted, "right").cast(pl.Int64),
        )
        paths = paths.filter(pl.col("hi") > pl.col("lo"))
        paths = paths.with_columns(n=pl.col("hi") - pl.col("lo"))
        labels = touches[by]
        weights = touches.select((pl.col("at") * (1.0 / half_life)).exp2())["at"]
        # Sums over windows of one path, by the range of rows.
        pairs = paths.lazy().select(
            "revenue", "n", "lo", "hi", path=pl.int_range(pl.len()), row=pl.int_ranges("lo", "hi")
        )
        pairs = pairs.explode("row")
        pairs = pairs.with_columns(label=pl.lit(labels).gather("row"), weight=pl.lit(weights).gather("row"))
        total = pl.col("weight").sum().over("path")
        return self.table(pairs, total, by)

    def table(self, pairs, total, by):
        import numpy as np
        import polars as pl

        n, revenue, row = pl.col("n"), pl.col("revenue"), pl.col("row")
        first, last = row == pl.col("lo"), row == pl.col("hi") - 1
        end = pl.when(n == 1).then(1.0).when(n == 2).then(0.5).otherwise(0.4)
        shares = pairs.select(
            "label",
            pl.when(first).then(revenue).otherwise(0.0).alias("0"),
            pl.when(last).then(revenue).otherwise(0.0).alias("1"),
            (revenue / n).alias("2"),
            (revenue * pl.when(first | last).then(end).otherwise(0.2 / (n - 2))).alias("3"),
            (revenue * pl.col("weight") / total).alias("4"),
        )
        sums = shares.group_by("label").agg(pl.col("0", "1", "2", "3", "4").sum()).collect(engine="streaming")
        table = np.zeros((LABELS[by], 5))
        table[sums["label"].to_numpy()] = sums.drop("label").to_numpy()
        return table
