package io.lb4j.simulator;

import java.time.Duration;
import java.util.Objects;
import java.util.function.IntUnaryOperator;
import java.util.function.LongUnaryOperator;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What a server is: its cores, how calls share them, how many may wait, and how fast it is. Immutable.
 *
 * @param cores how many calls are worked on at a time at full speed; with shared cores, may be a fraction
 * @param discipline how calls share the cores
 * @param queue how many calls may wait; more are refused with 503; no limit if negative. With shared cores, how many may be
 *     there beyond the cores
 * @param speed how much of a call's work is done per time; 1 is what service times mean
 * @param weight what discovery says that it can take, compared with others; strategies go by it, the server doesn't
 * @param script how the server behaves if it isn't its cores that decide; null if they do
 */
public record ServerSpec(
        double cores,
        Discipline discipline,
        int queue,
        double speed,
        double weight,
        @Nullable Script script) {

    /** How calls share a server's cores. */
    public enum Discipline {
        /** One after the other: each has a core of its own, others wait in the order they came. */
        FIRST_COME,
        /** All at once: each gets an equal share of the cores, and at most one. */
        SHARED
    }

    /**
     * A server whose answers depend on how many calls it has, as Dialogue's simulation has them: the time is decided on
     * arrival, the status at the end, both with the call itself counted.
     *
     * @param nanos how long a call takes, by how many are there
     * @param status what it is answered, by how many are there
     */
    public record Script(LongUnaryOperator nanos, IntUnaryOperator status) {
        /** Always the same time. */
        public static LongUnaryOperator constant(Duration time) {
            return inFlight -> time.toNanos();
        }

        /** Drawn for each call, whatever its work is. */
        public static LongUnaryOperator drawn(ServiceTime time, RandomGenerator random) {
            return inFlight -> time.sample(random);
        }

        /** Grows by the best time until {@code capacity} calls are there; five times the best beyond. */
        public static LongUnaryOperator linear(Duration best, int capacity) {
            long nanos = best.toNanos();
            return inFlight -> inFlight > capacity ? 5 * nanos : nanos + nanos * inFlight / capacity;
        }

        /** 200 while at most {@code capacity} calls are there, else {@code error}. */
        public static IntUnaryOperator untilCapacity(int error, int capacity) {
            return inFlight -> inFlight > capacity ? error : 200;
        }

        /** Always the same status. */
        public static IntUnaryOperator status(int value) {
            return inFlight -> value;
        }
    }

    /** Checks what can't be. */
    public ServerSpec {
        Objects.requireNonNull(discipline, "discipline");
        if (!(cores > 0) || (discipline == Discipline.FIRST_COME && cores != Math.rint(cores))) {
            throw new IllegalArgumentException(
                    "cores: " + cores + " (expected: above 0, and a whole number unless they are shared)");
        }
        if (!(speed > 0)) {
            throw new IllegalArgumentException("speed: " + speed + " (expected: above 0)");
        }
        if (!(weight > 0)) {
            throw new IllegalArgumentException("weight: " + weight + " (expected: above 0)");
        }
    }

    /** Cores with a queue each call waits in. */
    public static ServerSpec firstCome(int cores) {
        return new ServerSpec(cores, Discipline.FIRST_COME, -1, 1, 1, null);
    }

    /** Cores that all calls share. */
    public static ServerSpec shared(double cores) {
        return new ServerSpec(cores, Discipline.SHARED, -1, 1, 1, null);
    }

    /** What a script says. */
    public static ServerSpec scripted(LongUnaryOperator nanos, IntUnaryOperator status) {
        return new ServerSpec(1, Discipline.FIRST_COME, -1, 1, 1, new Script(nanos, status));
    }

    /** The same with a queue of at most so many calls. */
    public ServerSpec queue(int most) {
        return new ServerSpec(cores, discipline, most, speed, weight, script);
    }

    /** The same at another speed. */
    public ServerSpec speed(double value) {
        return new ServerSpec(cores, discipline, queue, value, weight, script);
    }

    /** The same with a weight in discovery, as operators give to servers that can take more. */
    public ServerSpec weight(double value) {
        return new ServerSpec(cores, discipline, queue, speed, value, script);
    }
}
