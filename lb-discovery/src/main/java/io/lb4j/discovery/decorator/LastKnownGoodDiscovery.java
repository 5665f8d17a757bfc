package io.lb4j.discovery.decorator;

import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.discovery.internal.Durations;
import io.lb4j.discovery.internal.ServiceWatches;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Remembers the last good list of each service, in memory and in a directory, so that a process starts and serves while its
 * registry is down.
 *
 * <p>As long as the source answers, this passes on what it says. If at the start it fails, or hasn't answered within the
 * {@linkplain Builder#patience patience}, the remembered list is told, and then the trouble; {@link #known} says how old
 * that is. A source that answers with an empty list, or doesn't know the service, is more often one that has lost its
 * memory than right: the remembered list is told before, so that a balancer does with it what it would have done had it
 * been running all the time (it keeps it for a while). Such answers are not saved.
 *
 * <p>In the directory is a file for each service, written whole and then moved to its place, off the caller's thread and at
 * most once a second. Several processes may share it. A file that is damaged, or not one of these, is ignored with a
 * warning. A directory that can't be written is warned of, and does no harm otherwise.
 *
 * <p>Thread-safe. A daemon thread reads and writes, and ends when it has nothing to do. Closes its source with itself.
 */
public final class LastKnownGoodDiscovery implements ServiceDiscovery {
    /** How old a list in the directory may be unless told otherwise: 24 hours. */
    public static final Duration DEFAULT_MAX_AGE = Duration.ofHours(24);

    /** How long the source is waited for at the start unless told otherwise: 1 s. */
    public static final Duration DEFAULT_PATIENCE = Duration.ofSeconds(1);

    /** How often it is noted in the directory that a list is still good, at least: 5 minutes. */
    static final Duration CONFIRMATION = Duration.ofMinutes(5);

    /** Services that are remembered after nobody watches them any more. */
    static final int MAX_SERVICES = 10_000;

    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(1);

    private final ServiceDiscovery source;
    private final @Nullable Path directory;
    private final @Nullable SavedLists saved;
    private final @Nullable ThreadPoolExecutor ownThread;
    private final Map<String, Kept> memory = new ConcurrentHashMap<>();
    private final ServiceWatches watches;

    /**
     * The list of a service that was good last.
     *
     * @param instances how many it has
     * @param asOf when the source last stood by it: now, while the source is well
     * @param current whether the source stands by it now
     * @param saved whether it comes from the directory and not from the source
     */
    public record Known(int instances, Instant asOf, boolean current, boolean saved) {
        /** How old it is: zero while the source is well. */
        public Duration age(Instant now) {
            return current || now.isBefore(asOf) ? Duration.ZERO : Duration.between(asOf, now);
        }
    }

    /** What is remembered of a service. */
    record Kept(SavedList list, boolean current, boolean saved) {}

    private LastKnownGoodDiscovery(Builder builder) {
        this.source = builder.source;
        this.directory = builder.directory;
        boolean ownsThread = directory != null && builder.executor == null;
        this.ownThread = ownsThread ? SavedLists.thread() : null;
        Executor executor = ownThread == null ? builder.executor : ownThread;
        this.saved = directory == null || executor == null
                ? null
                : new SavedLists(directory, executor, builder.scheduler, builder.clock);
        LastKnownGoodRelay.Settings settings = new LastKnownGoodRelay.Settings(
                source, memory, saved, builder.maxAge, builder.patience, builder.scheduler, builder.clock);
        this.watches = new ServiceWatches(toString(), service -> new LastKnownGoodRelay(service, settings));
    }

    /**
     * Remembers in a directory, everything else at its default.
     *
     * @param source closed with this
     * @param directory made if it isn't there
     */
    public static LastKnownGoodDiscovery of(ServiceDiscovery source, Path directory) {
        return builder(source).directory(directory).build();
    }

    /**
     * A builder with every setting at its default, which remembers in memory only.
     *
     * @param source closed with what is built
     */
    public static Builder builder(ServiceDiscovery source) {
        return new Builder(source);
    }

    /** The last good list of a service that is or was watched; empty if there is none. */
    public Optional<Known> known(String service) {
        return Optional.ofNullable(memory.get(service))
                .map(kept ->
                        new Known(kept.list().instances().size(), kept.list().asOf(), kept.current(), kept.saved()));
    }

    @Override
    public Watch watch(String service, Listener listener) {
        return watches.watch(service, listener);
    }

    @Override
    public boolean vouchesForEmptyLists() {
        return source.vouchesForEmptyLists();
    }

    /** Closes the source, and waits up to 1 s until what was to be saved is. */
    @Override
    public void close() {
        watches.close();
        source.close();
        if (saved != null) {
            saved.close();
        }
        if (ownThread != null) {
            ownThread.shutdown();
            try {
                ownThread.awaitTermination(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public String toString() {
        return "LastKnownGoodDiscovery[" + (directory == null ? "" : directory + ", ") + source + "]";
    }

    /** Collects the settings of a {@link LastKnownGoodDiscovery}. Not thread-safe. */
    public static final class Builder {
        private final ServiceDiscovery source;
        private @Nullable Path directory;
        private @Nullable Executor executor;
        private Duration maxAge = DEFAULT_MAX_AGE;
        private Duration patience = DEFAULT_PATIENCE;
        private Scheduler scheduler = Scheduler.shared();
        private InstantSource clock = InstantSource.system();

        private Builder(ServiceDiscovery source) {
            this.source = Objects.requireNonNull(source, "source");
        }

        /** Sets where lists are saved, made if it isn't there; default nowhere. */
        public Builder directory(Path value) {
            this.directory = Objects.requireNonNull(value, "directory");
            return this;
        }

        /**
         * Sets how old a list in the directory may be to be used; default {@link #DEFAULT_MAX_AGE}. What this process has
         * heard itself doesn't age.
         *
         * @throws IllegalArgumentException unless 1 s to 365 days
         */
        public Builder maxAge(Duration value) {
            this.maxAge = Durations.check("maxAge", value, Duration.ofSeconds(1), Duration.ofDays(365));
            return this;
        }

        /**
         * Sets how long a source that says nothing is waited for before the remembered list is told; default {@link
         * #DEFAULT_PATIENCE}. One that fails isn't waited for.
         *
         * @throws IllegalArgumentException unless 0 to 10 minutes
         */
        public Builder patience(Duration value) {
            this.patience = Durations.check("patience", value, Duration.ZERO, Duration.ofMinutes(10));
            return this;
        }

        /** Sets who runs the timers; default {@link Scheduler#shared()}. */
        public Builder scheduler(Scheduler value) {
            this.scheduler = Objects.requireNonNull(value, "scheduler");
            return this;
        }

        /** Sets the clock that tells the age of lists; default the system's. */
        public Builder clock(InstantSource value) {
            this.clock = Objects.requireNonNull(value, "clock");
            return this;
        }

        /** For tests: who reads and writes. */
        Builder executor(Executor value) {
            this.executor = value;
            return this;
        }

        /** Builds the discovery. */
        public LastKnownGoodDiscovery build() {
            return new LastKnownGoodDiscovery(this);
        }
    }
}
