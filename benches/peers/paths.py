"""One attribution package over one table of paths: prints the CPU and the wall seconds from the file to the answer.

Usage: paths.py PACKAGE FILE ORDER. Imports are not timed; reading the file is.
"""

import contextlib
import io
import sys
import time

package, file, order = sys.argv[1], sys.argv[2], int(sys.argv[3])

import pandas

if package == "ChannelAttribution":
    with contextlib.redirect_stdout(io.StringIO()):
        import ChannelAttribution
else:
    from do_attribution.markov import MarkovAttribution


def channel_attribution():
    table = pandas.read_csv(file)
    return ChannelAttribution.markov_model(
        table, "path", "conversions", var_value="value", var_null="nulls", order=order, sep=">", ncore=1, verbose=False
    )


def do_attribution():
    # One journey a row, as the package takes it.
    table = pandas.read_csv(file)
    model = MarkovAttribution(order=order, separator=" > ", removal_strategy="redirect_to_null")
    return model.fit(table["path"].to_numpy(), table["conversions"].to_numpy())


run = channel_attribution if package == "ChannelAttribution" else do_attribution
wall, cpu = time.perf_counter(), time.process_time()
with contextlib.redirect_stdout(io.StringIO()):
    run()
print(time.process_time() - cpu, time.perf_counter() - wall)
