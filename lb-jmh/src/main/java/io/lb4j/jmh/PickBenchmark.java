package io.lb4j.jmh;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the balancer adds to a call. {@link #pick} is the strategy alone; {@link #call} is a pick, the count of a call in
 * flight, its end and its outcome. The library {@code lb4j-timed} has a tracker that does nothing, so that the engine
 * reads the clock at both ends under any policy; {@code floor} is the cheapest correct loop for the same policy.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
        value = 2,
        jvmArgs = {"-Xms512m", "-Xmx512m"})
public class PickBenchmark {

    /** A pick and nothing else. */
    @Benchmark
    public Object pick(Subject subject, Cursor cursor) {
        return subject.contender.pick(cursor.next());
    }

    /** A pick, a start and an end. */
    @Benchmark
    public Object call(Subject subject, Cursor cursor) {
        return subject.contender.call(cursor.next());
    }
}
