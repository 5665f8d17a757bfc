package io.lb4j.discovery.decorator;

import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.discovery.decorator.CombinedRelay.Combined;
import io.lb4j.discovery.decorator.CombinedRelay.Side;
import io.lb4j.discovery.internal.Durations;
import io.lb4j.discovery.internal.ServiceWatches;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Several sources in an order of preference: lists what the first one lists, and while that has nothing, what the next one
 * does. As soon as an earlier one lists instances again, its list is used.
 *
 * <p>A source in trouble keeps its last list, and that is used as long as there is no more to say, since two sources
 * seldom list the same. {@link Builder#fallBackAfter} gives up such a list in favour of a source that is well. At the start
 * an earlier source that hasn't answered is waited for, see {@link Builder#patience}. Troubles of all sources are told.
 * If none lists an instance, the service is unknown if it is to all that have answered.
 *
 * <p>All sources are watched all the time, so that falling back takes no time. Thread-safe. Closes its sources with itself.
 */
public final class FirstDiscovery implements ServiceDiscovery {
    /** How long a source that hasn't answered is waited for at the start unless told otherwise: 1 s. */
    public static final Duration DEFAULT_PATIENCE = Duration.ofSeconds(1);

    private static final System.Logger LOG = System.getLogger(FirstDiscovery.class.getName());

    private final List<ServiceDiscovery> sources;
    private final Map<String, ServiceDiscovery> serving = new ConcurrentHashMap<>();
    private final ServiceWatches watches;

    private FirstDiscovery(Builder builder) {
        this.sources = List.copyOf(builder.sources);
        CombinedRelay.Settings settings = new CombinedRelay.Settings(
                sources,
                FirstDiscovery::first,
                builder.scheduler,
                builder.patience,
                builder.fallBackAfter,
                this::serves);
        this.watches = new ServiceWatches(toString(), service -> new CombinedRelay(service, settings));
    }

    /**
     * The first of these that has instances, everything else at its default.
     *
     * @param preferred closed with this, as are the others
     */
    public static FirstDiscovery of(ServiceDiscovery preferred, ServiceDiscovery... others) {
        Builder builder = builder(preferred);
        for (ServiceDiscovery other : others) {
            builder.otherwise(other);
        }
        return builder.build();
    }

    /**
     * A builder with the source that is preferred to all others.
     *
     * @param preferred closed with what is built
     */
    public static Builder builder(ServiceDiscovery preferred) {
        return new Builder(preferred);
    }

    private static Combined first(List<Side> sides) {
        for (boolean lapsedToo : new boolean[] {false, true}) {
            for (Side side : sides) {
                if (side.said != null && side.said.hasInstances() && (lapsedToo || !side.lapsed)) {
                    return new Combined(side.said, side.source, List.of());
                }
            }
        }
        return new Combined(CombinedRelay.nothing(sides), null, List.of());
    }

    private void serves(String service, @Nullable ServiceDiscovery source) {
        ServiceDiscovery before = source == null ? serving.remove(service) : serving.put(service, source);
        if (source != null && !source.equals(before) && (before != null || !source.equals(sources.get(0)))) {
            LOG.log(System.Logger.Level.INFO, service + ": listed by " + source + " from now on");
        }
    }

    /** The source whose list is in force for a service that is watched; empty if none lists an instance. */
    public Optional<ServiceDiscovery> serving(String service) {
        return Optional.ofNullable(serving.get(service));
    }

    @Override
    public Watch watch(String service, Listener listener) {
        return watches.watch(service, listener);
    }

    /** Whether all of the sources do. */
    @Override
    public boolean vouchesForEmptyLists() {
        return sources.stream().allMatch(ServiceDiscovery::vouchesForEmptyLists);
    }

    @Override
    public void close() {
        watches.close();
        sources.forEach(ServiceDiscovery::close);
    }

    @Override
    public String toString() {
        return "FirstDiscovery" + sources;
    }

    /** Collects the sources and settings of a {@link FirstDiscovery}. Not thread-safe. */
    public static final class Builder {
        private final List<ServiceDiscovery> sources = new ArrayList<>();
        private Duration patience = DEFAULT_PATIENCE;
        private @Nullable Duration fallBackAfter;
        private Scheduler scheduler = Scheduler.shared();

        private Builder(ServiceDiscovery preferred) {
            otherwise(preferred);
        }

        /**
         * Adds a source that is used while those before have nothing.
         *
         * @param source closed with what is built
         */
        public Builder otherwise(ServiceDiscovery source) {
            sources.add(Objects.requireNonNull(source, "source"));
            return this;
        }

        /**
         * Sets how long at the start sources that have neither answered nor failed are waited for; default {@link
         * #DEFAULT_PATIENCE}.
         *
         * @throws IllegalArgumentException unless 0 to 10 minutes
         */
        public Builder patience(Duration value) {
            this.patience = Durations.check("patience", value, Duration.ZERO, Duration.ofMinutes(10));
            return this;
        }

        /**
         * Sets after how long in trouble a source's last list yields to the list of a later source that is well; default
         * never.
         *
         * @throws IllegalArgumentException unless 0 to 60 minutes
         */
        public Builder fallBackAfter(Duration value) {
            this.fallBackAfter = Durations.check("fallBackAfter", value, Duration.ZERO, Duration.ofMinutes(60));
            return this;
        }

        /** Sets who runs the timers; default {@link Scheduler#shared()}. */
        public Builder scheduler(Scheduler value) {
            this.scheduler = Objects.requireNonNull(value, "scheduler");
            return this;
        }

        /** Builds the discovery. */
        public FirstDiscovery build() {
            return new FirstDiscovery(this);
        }
    }
}
