package io.lb4j.discovery.decorator;

import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.Ticker;
import io.lb4j.discovery.internal.Durations;
import io.lb4j.discovery.internal.ServiceWatches;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Lists what one source lists, and compares it with another: for moving from one registry to the next. What the other one
 * says or fails to say never reaches callers; it is told to a {@link DualReadListener}, and counted.
 *
 * <p>Instances are matched by host and port, since registries have ids of their own. One is different if only one source
 * lists it, or if weight, zone, priority or TLS differ. A difference that is over within the settling time is a lag and is
 * none. While either source is in trouble, or hasn't answered, nothing is compared.
 *
 * <p>Thread-safe. Closes both sources with itself.
 */
public final class DualReadDiscovery implements ServiceDiscovery {
    /** How long a difference must last unless told otherwise: 10 s. */
    public static final Duration DEFAULT_SETTLE = Duration.ofSeconds(10);

    private final ServiceDiscovery serving;
    private final ServiceDiscovery compared;
    private final Map<String, DualReadRelay> relays = new ConcurrentHashMap<>();
    private final ServiceWatches watches;

    /**
     * A difference that has lasted.
     *
     * @param address host and port of the instance
     * @param serving as the source lists it that callers are served from; null if it doesn't
     * @param compared as the other one lists it; null if it doesn't
     */
    public record Difference(
            String service,
            String address,
            @Nullable ServiceInstance serving,
            @Nullable ServiceInstance compared) {}

    /**
     * How the comparison of one service stands.
     *
     * @param comparable whether both sources have answered and are well
     * @param matching instances that both list alike
     * @param differences those that have lasted, by address
     * @param found how many differences were told since the service is watched
     * @param settled how many of them are over
     */
    public record Comparison(
            boolean comparable, int matching, List<Difference> differences, long found, long settled) {}

    private DualReadDiscovery(Builder builder) {
        this.serving = builder.serving;
        this.compared = builder.compared;
        DualReadRelay.Settings settings = new DualReadRelay.Settings(
                serving, compared, builder.listener, builder.settle, builder.scheduler, builder.ticker, relays);
        this.watches = new ServiceWatches(toString(), service -> new DualReadRelay(service, settings));
    }

    /**
     * A builder with every setting at its default.
     *
     * @param serving what callers are served from; closed with what is built
     * @param compared what that is compared with; closed with what is built
     */
    public static Builder builder(ServiceDiscovery serving, ServiceDiscovery compared) {
        return new Builder(serving, compared);
    }

    /** How the comparison of a service stands; empty if it isn't watched. */
    public Optional<Comparison> comparison(String service) {
        return Optional.ofNullable(relays.get(service)).map(DualReadRelay::comparison);
    }

    /** How the comparisons of all watched services stand, by service. */
    public Map<String, Comparison> comparisons() {
        Map<String, Comparison> all = new TreeMap<>();
        new ArrayList<>(relays.entrySet())
                .forEach(relay -> all.put(relay.getKey(), relay.getValue().comparison()));
        return all;
    }

    @Override
    public Watch watch(String service, Listener listener) {
        return watches.watch(service, listener);
    }

    /** Whether the source does that callers are served from. */
    @Override
    public boolean vouchesForEmptyLists() {
        return serving.vouchesForEmptyLists();
    }

    @Override
    public void close() {
        watches.close();
        serving.close();
        compared.close();
    }

    @Override
    public String toString() {
        return "DualReadDiscovery[" + serving + ", compared with " + compared + "]";
    }

    /** Collects the settings of a {@link DualReadDiscovery}. Not thread-safe. */
    public static final class Builder {
        private final ServiceDiscovery serving;
        private final ServiceDiscovery compared;
        private DualReadListener listener = new DualReadListener() {};
        private Duration settle = DEFAULT_SETTLE;
        private Scheduler scheduler = Scheduler.shared();
        private Ticker ticker = Ticker.system();

        private Builder(ServiceDiscovery serving, ServiceDiscovery compared) {
            this.serving = Objects.requireNonNull(serving, "serving");
            this.compared = Objects.requireNonNull(compared, "compared");
        }

        /** Sets who is told of differences; default nobody. They are logged in any case. */
        public Builder listener(DualReadListener value) {
            this.listener = Objects.requireNonNull(value, "listener");
            return this;
        }

        /**
         * Sets how long a difference must last before it counts; default {@link #DEFAULT_SETTLE}.
         *
         * @throws IllegalArgumentException unless 0 to 60 minutes
         */
        public Builder settle(Duration value) {
            this.settle = Durations.check("settle", value, Duration.ZERO, Duration.ofMinutes(60));
            return this;
        }

        /** Sets who runs the timers; default {@link Scheduler#shared()}. */
        public Builder scheduler(Scheduler value) {
            this.scheduler = Objects.requireNonNull(value, "scheduler");
            return this;
        }

        /** Sets the clock; default the system's. */
        public Builder ticker(Ticker value) {
            this.ticker = Objects.requireNonNull(value, "ticker");
            return this;
        }

        /** Builds the discovery. */
        public DualReadDiscovery build() {
            return new DualReadDiscovery(this);
        }
    }
}
