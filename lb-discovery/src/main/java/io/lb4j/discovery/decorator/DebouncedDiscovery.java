package io.lb4j.discovery.decorator;

import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.Ticker;
import io.lb4j.discovery.internal.Durations;
import io.lb4j.discovery.internal.ServiceWatches;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Makes few lists of a storm of changes, as when a fleet is rolled or a registry fills up after a restart. The first list
 * is told at once; a later one when nothing has changed for the quiet time, or when the maximum delay is over since the
 * first change that wasn't told. Errors aren't delayed; a list that waits is told before them. A change that is taken back
 * before it was told is none.
 *
 * <p>Thread-safe. Closes its source with itself.
 */
public final class DebouncedDiscovery implements ServiceDiscovery {
    /** How long nothing must change unless told otherwise: 200 ms. */
    public static final Duration DEFAULT_QUIET = Duration.ofMillis(200);

    /** Unless told otherwise no change is delayed for more than this many quiet times: 5. */
    public static final int DEFAULT_MAX_QUIETS = 5;

    private final ServiceDiscovery source;
    private final Duration quiet;
    private final Duration maxDelay;
    private final ServiceWatches watches;

    private DebouncedDiscovery(Builder builder) {
        this.source = builder.source;
        this.quiet = builder.quiet;
        this.maxDelay = builder.maxDelay == null ? quiet.multipliedBy(DEFAULT_MAX_QUIETS) : builder.maxDelay;
        if (maxDelay.compareTo(quiet) < 0) {
            throw new IllegalArgumentException("maxDelay: " + Durations.spelled(maxDelay)
                    + " (expected: at least quiet, " + Durations.spelled(quiet) + ")");
        }
        DebounceRelay.Settings settings =
                new DebounceRelay.Settings(source, quiet, maxDelay, builder.scheduler, builder.ticker);
        this.watches = new ServiceWatches(toString(), service -> new DebounceRelay(service, settings));
    }

    /**
     * Delays as by default.
     *
     * @param source closed with this
     */
    public static DebouncedDiscovery of(ServiceDiscovery source) {
        return builder(source).build();
    }

    /**
     * A builder with every setting at its default.
     *
     * @param source closed with what is built
     */
    public static Builder builder(ServiceDiscovery source) {
        return new Builder(source);
    }

    @Override
    public Watch watch(String service, Listener listener) {
        return watches.watch(service, listener);
    }

    @Override
    public boolean vouchesForEmptyLists() {
        return source.vouchesForEmptyLists();
    }

    @Override
    public void close() {
        watches.close();
        source.close();
    }

    @Override
    public String toString() {
        return "DebouncedDiscovery[" + Durations.spelled(quiet) + " to " + Durations.spelled(maxDelay) + ", " + source
                + "]";
    }

    /** Collects the settings of a {@link DebouncedDiscovery}. Not thread-safe. */
    public static final class Builder {
        private final ServiceDiscovery source;
        private Duration quiet = DEFAULT_QUIET;
        private @Nullable Duration maxDelay;
        private Scheduler scheduler = Scheduler.shared();
        private Ticker ticker = Ticker.system();

        private Builder(ServiceDiscovery source) {
            this.source = Objects.requireNonNull(source, "source");
        }

        /**
         * Sets how long nothing must have changed before a list is told; default {@link #DEFAULT_QUIET}.
         *
         * @throws IllegalArgumentException unless 1 ms to 10 minutes
         */
        public Builder quiet(Duration value) {
            this.quiet = Durations.check("quiet", value, Duration.ofMillis(1), Duration.ofMinutes(10));
            return this;
        }

        /**
         * Sets how long a change waits at most; default {@link #DEFAULT_MAX_QUIETS} quiet times.
         *
         * @throws IllegalArgumentException unless 1 ms to 60 minutes
         */
        public Builder maxDelay(Duration value) {
            this.maxDelay = Durations.check("maxDelay", value, Duration.ofMillis(1), Duration.ofMinutes(60));
            return this;
        }

        /** Sets who runs the timers, on whose thread late lists are told; default {@link Scheduler#shared()}. */
        public Builder scheduler(Scheduler value) {
            this.scheduler = Objects.requireNonNull(value, "scheduler");
            return this;
        }

        /** Sets the clock; default the system's. */
        public Builder ticker(Ticker value) {
            this.ticker = Objects.requireNonNull(value, "ticker");
            return this;
        }

        /**
         * Builds the discovery.
         *
         * @throws IllegalArgumentException if the maximum delay is less than the quiet time
         */
        public DebouncedDiscovery build() {
            return new DebouncedDiscovery(this);
        }
    }
}
