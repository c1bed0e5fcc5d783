"""The other end of paired.mjs."""
import json
import resource
import sys
import time


def cpu_seconds():
    """Of this process and of its workers that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def peak_memory():
    """The process's largest resident set, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def serve(unit, cpu_seconds=cpu_seconds, peak_memory=peak_memory):
    """For each line N on the input, N units of work and a line about them. The last unit's value is told as `check`."""
    for line in sys.stdin:
        cpu, started, check = cpu_seconds(), time.perf_counter(), None
        for _ in range(int(line)):
            check = unit()
        seconds = time.perf_counter() - started
        answer = {"seconds": seconds, "cpuSeconds": cpu_seconds() - cpu, "peakMemory": peak_memory(), "check": check}
        print(json.dumps(answer), flush=True)
