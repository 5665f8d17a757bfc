package io.lb4j.okhttp;

import io.lb4j.okhttp.rules.RouteReport;
import java.util.concurrent.atomic.LongAdder;

/** What came of one route. */
final class RouteCounts {
    final LongAdder calls = new LongAdder();
    final LongAdder mirrored = new LongAdder();
    final LongAdder mirrorFailures = new LongAdder();
    final LongAdder mirrorsDropped = new LongAdder();

    RouteReport report(String name) {
        return new RouteReport(name, calls.sum(), mirrored.sum(), mirrorFailures.sum(), mirrorsDropped.sum());
    }
}
