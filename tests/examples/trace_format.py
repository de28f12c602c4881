#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""trace_format.py FILE...: whether each is what Perfetto and speedscope read.

By the published format ("Trace Event Format", Google, 2016) and what their importers want of it: an object with
`traceEvents`; each event with a name, a phase, pid and tid; complete events (X) with `ts` and `dur`, which nest on each
thread, moments (i) with a scope, metadata (M) that names each thread. Times must be exact: sums, in floating point as
speedscope computes them, and in nanoseconds as Perfetto does, are where other events begin.
"""
import json
import sys


def fail(event, why):
    raise SystemExit(f"{why}: {event}")


def check_number(event, key):
    if not isinstance(event.get(key), (int, float)) or event[key] < 0:
        fail(event, f"{key} is no time")
    if event[key] * 8 != int(event[key] * 8):
        fail(event, f"{key} is not exact")


def check_event(event, names):
    if not isinstance(event.get("name"), str) or not isinstance(event.get("args"), dict):
        fail(event, "it has no name, or no args")
    if not isinstance(event.get("pid"), int) or not isinstance(event.get("tid"), int):
        fail(event, "it is of no thread")
    phase = event.get("ph")
    if phase == "M":
        if event["name"] not in ("process_name", "thread_name") or not isinstance(event["args"].get("name"), str):
            fail(event, "it names nothing")
        names.add((event["name"], event["pid"], event["tid"]))
        return
    if phase not in ("X", "i") or not isinstance(event.get("cat"), str):
        fail(event, "it has no phase that is known, or no category")
    if ("thread_name", event["pid"], event["tid"]) not in names:
        fail(event, "its thread has no name")
    check_number(event, "ts")
    if phase == "X":
        check_number(event, "dur")
    elif event.get("s") not in ("g", "p", "t"):
        fail(event, "it has no scope")


def check_nesting(events):
    """As an importer does: each event that begins is within all that are open."""
    events.sort(key=lambda e: (e["ts"], -e["dur"]))
    open_ends = []
    for event in events:
        while open_ends and open_ends[-1] <= event["ts"]:
            open_ends.pop()
        end = event["ts"] + event["dur"]
        if open_ends and end > open_ends[-1]:
            fail(event, f"it overlaps with what ends at {open_ends[-1]}")
        open_ends.append(end)


def check_file(path):
    with open(path, encoding="ascii") as file:
        trace = json.load(file)
    if trace.get("displayTimeUnit") not in ("ms", "ns") or not isinstance(trace.get("otherData"), dict):
        fail(path, "no time unit, or no other data")
    names, threads = set(), {}
    for event in trace["traceEvents"]:
        check_event(event, names)
        if event["ph"] == "X":
            threads.setdefault(event["tid"], []).append(event)
    if not any(name == "process_name" for name, _, _ in names):
        fail(path, "the process has no name")
    for events in threads.values():
        check_nesting(events)


for argument in sys.argv[1:]:
    check_file(argument)
