package io.lb4j.balancer;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.StateKey;
import io.lb4j.Strategy;
import io.lb4j.Subset;
import io.lb4j.Ticker;
import io.lb4j.Tracker;
import io.lb4j.health.CallQueue;
import io.lb4j.health.ConcurrencyLimit;
import io.lb4j.health.HealthCheck;
import io.lb4j.health.OutlierDetection;
import io.lb4j.health.SlowStart;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Balances the calls to one service: knows its instances, picks one for each call, and learns from how calls end.
 * Knows no transport; the caller makes the call between {@link #acquire} and {@link Lease#close(Outcome)}:
 *
 * <pre>{@code
 * Lease lease = balancer.acquire(PickRequest.plain());
 * try {
 *     send(lease.instance());
 *     lease.close(Outcome.SUCCESS);
 * } catch (IOException e) {
 *     lease.close(Outcome.TRANSPORT_FAILURE);
 * }
 * }</pre>
 *
 * <p>Thread-safe. Owns its watch, its timers and its probes, and ends them on {@link #close()}; the discovery, the
 * scheduler and the probe belong to the caller.
 */
public final class LoadBalancer implements AutoCloseable {
    private final String service;
    private final String strategyName;
    private final SerialLane lane;
    private final Outlook outlook;
    private final Control control;
    private final Leases leases;
    private final Entrance entrance;
    private final Insight insight;

    /** Null if no instance is taken out for one endpoint. */
    private final @Nullable Endpoints endpoints;

    private final ServiceDiscovery.Watch watch;
    private volatile boolean closed;

    private LoadBalancer(BalancerSettings settings, ServiceDiscovery discovery, Strategy strategy) {
        this.service = settings.service;
        this.strategyName = strategy.toString();
        GuardedListener listener = new GuardedListener(settings.listeners);
        this.lane = new SerialLane(service, settings.scheduler);
        this.outlook = new Outlook(service, discovery.toString(), settings.ticker, settings.random);
        Duration grace = discovery.vouchesForEmptyLists() ? Duration.ZERO : settings.emptyListGrace;
        this.endpoints =
                Endpoints.areJudged(settings.outlierDetection) ? new Endpoints(settings.outlierDetection) : null;
        this.control = new Control(settings, grace, strategy, listener, lane, outlook, endpoints, this::roomChanged);
        this.leases = new Leases(settings, listener, lane, outlook, control, endpoints);
        this.entrance = new Entrance(this, settings.firstSnapshotTimeout, outlook, leases);
        this.insight = new Insight(service, strategyName, settings.ticker, outlook, leases, endpoints);
        lane.post(control::start);
        // Last, since a discovery may deliver before watch() returns.
        this.watch = Deliveries.watch(discovery, service, lane, control);
    }

    /** On the lane, and so not before this is made. */
    private void roomChanged() {
        leases.serve();
    }

    /** A builder for a balancer of this service. */
    public static Builder builder(String service) {
        return new Builder(service);
    }

    /** The service this balancer is for. */
    public String service() {
        return service;
    }

    /**
     * Picks an instance for one attempt of a call and counts the call as in flight there until the lease is closed.
     * Blocks only while nothing is known of the service yet, for at most the first-snapshot time-out.
     *
     * @throws io.lb4j.NotReadyException if the first snapshot did not come in time, or the wait was interrupted (the
     *     thread's interrupt flag is then set)
     * @throws io.lb4j.NoSuchServiceException if discovery knows no such service
     * @throws io.lb4j.NoEligibleInstanceException if no known instance can take a call
     * @throws io.lb4j.InstancesBusyException if those that can are at their concurrency limits, or calls wait for them
     * @throws IllegalStateException if this balancer is closed
     */
    public Lease acquire(PickRequest request) {
        Objects.requireNonNull(request, "request");
        Routing routing = outlook.routing(request);
        return routing == null || closed ? entrance.acquire(request) : leases.acquire(routing, request);
    }

    /**
     * The same, but if all instances are at their concurrency limits, waits in the queue until one has room. Without a
     * queue, and for a further attempt of a call ({@link PickRequest#attempt()} above 0), doesn't wait.
     *
     * @param maxWait how long to wait at most; the queue's own limit holds, too
     * @throws io.lb4j.InstancesBusyException if no instance got room in time, the queue is full, or the wait was
     *     interrupted (the thread's interrupt flag is then set)
     * @see #acquire(PickRequest)
     */
    public Lease acquire(PickRequest request, Duration maxWait) {
        Objects.requireNonNull(request, "request");
        Objects.requireNonNull(maxWait, "maxWait");
        Admission admission = leases.admission();
        return outlook.routing(request) == null || closed || admission == null
                ? acquire(request)
                : admission.await(request, maxWait);
    }

    /**
     * The same without blocking a thread: completes with the lease, or fails as {@link #acquire(PickRequest, Duration)}
     * does; nothing known of the service yet is a failure, too. Cancelling the result, or failing it ({@code orTimeout}), gives up the place in the queue.
     * A lease that came all the same must be closed. What depends on the result runs on the thread that closed another
     * lease, and so must be quick.
     *
     * @param maxWait how long to wait at most; the queue's own limit holds, too
     * @throws IllegalStateException if this balancer is closed
     */
    public CompletableFuture<Lease> acquireAsync(PickRequest request, Duration maxWait) {
        Objects.requireNonNull(request, "request");
        Objects.requireNonNull(maxWait, "maxWait");
        return entrance.acquireAsync(request, maxWait);
    }

    /** How many calls wait in the queue at this moment. */
    public int waiting() {
        Admission admission = leases.admission();
        return admission == null ? 0 : admission.waiting();
    }

    /**
     * Completes when discovery has answered for the first time, be it with instances or that there are none; fails with
     * {@link IllegalStateException} if the balancer is closed before.
     */
    public CompletionStage<Void> ready() {
        return outlook.firstAnswer().minimalCompletionStage();
    }

    /**
     * The trackers under this key of all instances known at this moment, by instance id: for who measures and has no
     * strategy. Made where they are missing, so that an instance counts from the first time this is asked after it came.
     *
     * @param factory makes the tracker of one instance
     * @throws IllegalStateException if the factory returns null
     */
    public <T extends Tracker> Map<String, T> trackers(StateKey<T> key, Supplier<? extends T> factory) {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(factory, "factory");
        return insight.trackers(key, factory);
    }

    /** What is known of every instance at this moment, in discovery's order. */
    public List<InstanceReport> instances() {
        return insight.instances();
    }

    /**
     * What is known of one instance at this moment.
     *
     * @param id as in {@link io.lb4j.ServiceInstance#id()}
     * @return the report, or null if discovery lists no such instance
     */
    public @Nullable InstanceReport instance(String id) {
        return insight.instance(Objects.requireNonNull(id, "id"));
    }

    /**
     * Explains where a call like this would go and why, without making it. The strategy is asked for a pick, so a
     * rotation moves on by one.
     */
    public Explanation explain(PickRequest request) {
        return insight.explain(request);
    }

    /**
     * Declares the subsets that calls will ask for, and no others any more: each gets a picker of its own on every
     * change, so that a pick within it costs what any pick does. In force a moment later, and no state of any instance is lost; a call within a subset that
     * isn't declared goes to one of its instances at random.
     *
     * @see PickRequest#within
     */
    public void subsets(Collection<Subset> value) {
        Set<Subset> declared = SubsetViews.inOrder(value);
        lane.post(() -> control.subsets(declared));
    }

    /** Ends the watch, the timers and the probes. Leases in progress may still be closed; no new one is given. Idempotent. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            lane.post(control::close);
            outlook.closed();
            Admission admission = leases.admission();
            if (admission != null) {
                admission.close(closedError());
            }
            watch.close();
        }
    }

    @Override
    public String toString() {
        return "LoadBalancer[" + service + " by " + strategyName + (closed ? ", closed" : "") + "]";
    }

    Leases leases() {
        return leases;
    }

    @Nullable
    Endpoints endpoints() {
        return endpoints;
    }

    boolean isClosed() {
        return closed;
    }

    IllegalStateException closedError() {
        return new IllegalStateException(this + " (expected: open); it was closed before this call could be served");
    }

    /** Collects a balancer's parts and settings. Not thread-safe. */
    public static final class Builder {
        private final BalancerSettings settings;
        private @Nullable ServiceDiscovery discovery;
        private @Nullable Strategy strategy;

        private Builder(String service) {
            this.settings = new BalancerSettings(service);
        }

        /** Sets where instances come from; required. The balancer does not close it. */
        public Builder discovery(ServiceDiscovery value) {
            this.discovery = Objects.requireNonNull(value, "discovery");
            return this;
        }

        /** Sets how instances are chosen; required. */
        public Builder strategy(Strategy value) {
            this.strategy = Objects.requireNonNull(value, "strategy");
            return this;
        }

        /** Adds a listener; default none. */
        public Builder listener(LoadBalancerListener value) {
            settings.listeners.add(Objects.requireNonNull(value, "listener"));
            return this;
        }

        /** Sets passive health; default {@link OutlierDetection#DEFAULT}. */
        public Builder outlierDetection(OutlierDetection value) {
            settings.outlierDetection = Objects.requireNonNull(value, "outlierDetection");
            return this;
        }

        /** Sets active health; default null, no checks. */
        public Builder healthCheck(@Nullable HealthCheck value) {
            settings.healthCheck = value;
            return this;
        }

        /** Sets the ramp of new and returning instances; default {@link SlowStart#DEFAULT}. */
        public Builder slowStart(SlowStart value) {
            settings.slowStart = Objects.requireNonNull(value, "slowStart");
            return this;
        }

        /** Sets how many calls an instance may have in flight at a time; default null, as many as come. */
        public Builder concurrencyLimit(@Nullable ConcurrencyLimit value) {
            settings.concurrencyLimit = value;
            return this;
        }

        /**
         * Sets where calls wait while every instance is at its concurrency limit; default null, nowhere: they fail at
         * once.
         */
        public Builder queue(@Nullable CallQueue value) {
            settings.queue = value;
            return this;
        }

        /**
         * Sets the share of healthy instances below which all take calls, healthy or not; default 0.5. 0 turns panic
         * off: with no healthy instance left, calls then fail at once.
         *
         * @throws IllegalArgumentException unless 0 to 1
         */
        public Builder panicThreshold(double value) {
            if (!(value >= 0 && value <= 1)) {
                throw new IllegalArgumentException("panicThreshold: " + value + " (expected: 0 to 1)");
            }
            settings.panicThreshold = value;
            return this;
        }

        /**
         * Sets whether calls fail at once in panic, with {@link io.lb4j.NoEligibleInstanceException}, instead of going to
         * all instances, healthy or not; default false. Then none go to the few healthy instances either, which would
         * not survive them; trial calls to ejected instances are made. (Envoy's {@code fail_traffic_on_panic}.)
         */
        public Builder failTrafficOnPanic(boolean value) {
            settings.failTrafficOnPanic = value;
            return this;
        }

        /** Declares the subsets that calls will ask for; default none. See {@link LoadBalancer#subsets}. */
        public Builder subsets(Collection<Subset> value) {
            settings.subsets = List.copyOf(value);
            return this;
        }

        /**
         * Sets how long {@link LoadBalancer#acquire} waits while nothing is known of the service; default 5 s, zero
         * never waits.
         *
         * @throws IllegalArgumentException if negative
         */
        public Builder firstSnapshotTimeout(Duration value) {
            settings.firstSnapshotTimeout = BalancerSettings.notNegative("firstSnapshotTimeout", value);
            return this;
        }

        /**
         * Sets how long discovery must go on listing no instance until that is believed and the last ones are dropped;
         * default 5 min, zero believes at once. Registries that restart without their memory, or lose everybody's
         * heartbeats, say in good faith that there is nobody; those are back within a few minutes. Longer, and the addresses might by then
         * be somebody else's. A discovery that {@linkplain ServiceDiscovery#vouchesForEmptyLists vouches} for its
         * empty lists is believed at once whatever is set here.
         *
         * @throws IllegalArgumentException if negative
         */
        public Builder emptyListGrace(Duration value) {
            settings.emptyListGrace = BalancerSettings.notNegative("emptyListGrace", value);
            return this;
        }

        /** Sets the clock; default {@link Ticker#system()}. */
        public Builder ticker(Ticker value) {
            settings.ticker = Objects.requireNonNull(value, "ticker");
            return this;
        }

        /**
         * Sets the randomness, which must be thread-safe if picks come on more than one thread; default each thread's
         * own generator.
         */
        public Builder random(RandomGenerator value) {
            settings.random = Objects.requireNonNull(value, "random");
            return this;
        }

        /** Sets what runs background work; default {@link Scheduler#shared()}. Never shut down by the balancer. */
        public Builder scheduler(Scheduler value) {
            settings.scheduler = Objects.requireNonNull(value, "scheduler");
            return this;
        }

        Builder checkSlots(CheckSlots value) {
            settings.checkSlots = value;
            return this;
        }

        /**
         * Builds the balancer and starts its watch.
         *
         * @throws IllegalStateException if discovery or strategy is missing, or there is a queue and no limit
         */
        public LoadBalancer build() {
            if (discovery == null || strategy == null) {
                throw settings.missing(discovery == null ? "discovery" : "strategy");
            }
            settings.check();
            return new LoadBalancer(settings, discovery, strategy);
        }
    }
}
