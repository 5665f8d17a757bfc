package io.lb4j.balancer;

import io.lb4j.CannotPickException;
import io.lb4j.NotReadyException;
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
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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
    private final Duration firstSnapshotTimeout;
    private final Ticker ticker;
    private final SerialLane lane;
    private final Outlook outlook;
    private final Control control;
    private final Leases leases;

    /** Null if no instance is taken out for one endpoint. */
    private final @Nullable Endpoints endpoints;

    private final ServiceDiscovery.Watch watch;
    private volatile boolean closed;

    private LoadBalancer(Builder settings, ServiceDiscovery discovery, Strategy strategy) {
        this.service = settings.service;
        this.strategyName = strategy.toString();
        this.firstSnapshotTimeout = settings.firstSnapshotTimeout;
        this.ticker = settings.ticker;
        GuardedListener listener = new GuardedListener(settings.listeners);
        this.lane = new SerialLane(service, settings.scheduler);
        this.outlook = new Outlook(service, discovery.toString(), settings.ticker, settings.random);
        Duration grace = discovery.vouchesForEmptyLists() ? Duration.ZERO : settings.emptyListGrace;
        this.endpoints =
                Endpoints.areJudged(settings.outlierDetection) ? new Endpoints(settings.outlierDetection) : null;
        this.control = new Control(settings, grace, strategy, listener, lane, outlook, endpoints, this::roomChanged);
        this.leases = new Leases(settings, listener, lane, outlook, control, endpoints);
        lane.post(control::start);
        // Last, since a discovery may deliver before watch() returns.
        this.watch = startWatch(discovery);
    }

    private ServiceDiscovery.Watch startWatch(ServiceDiscovery discovery) {
        try {
            return Objects.requireNonNull(discovery.watch(service, new Deliveries(lane, control)), "watch");
        } catch (Throwable e) {
            // Nobody gets this balancer, so nobody would end its timers.
            lane.post(control::close);
            throw e;
        }
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
        if (routing == null || closed) {
            Lease trial = lastResort(request);
            if (trial != null) {
                return trial;
            }
            routing = awaitRouting(request);
        }
        return leases.acquire(routing, request);
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
        if (outlook.routing(request) == null || closed || admission == null) {
            return acquire(request);
        }
        return admission.await(request, maxWait);
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
        if (closed) {
            throw closedError();
        }
        Lease trial = outlook.routing(request) == null ? lastResort(request) : null;
        if (trial != null) {
            return CompletableFuture.completedFuture(trial);
        }
        try {
            Routing routing = outlook.routingOrThrow(request);
            Admission admission = leases.admission();
            return admission == null
                    ? CompletableFuture.completedFuture(leases.acquire(routing, request))
                    : admission.acquireAsync(request, maxWait);
        } catch (CannotPickException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** While calls fail because too few instances are well, trials are what finds out when that is over. */
    private @Nullable Lease lastResort(PickRequest request) {
        Trials trials = outlook.view(request).trials();
        return trials == null || closed ? null : leases.trial(trials, request);
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
        Verdict verdict = outlook.view().verdict();
        Map<String, T> trackers = new HashMap<>();
        for (InstanceState each : verdict == null ? new InstanceState[0] : verdict.all) {
            trackers.put(each.instance().id(), each.tracker(key, factory));
        }
        return trackers;
    }

    /** What is known of every instance at this moment, in discovery's order. */
    public List<InstanceReport> instances() {
        return outlook.view().reports(ticker.nanos(), endpoints);
    }

    /**
     * What is known of one instance at this moment.
     *
     * @param id as in {@link io.lb4j.ServiceInstance#id()}
     * @return the report, or null if discovery lists no such instance
     */
    public @Nullable InstanceReport instance(String id) {
        return outlook.view().report(Objects.requireNonNull(id, "id"), ticker.nanos(), endpoints);
    }

    /**
     * Explains where a call like this would go and why, without making it. The strategy is asked for a pick, so a
     * rotation moves on by one.
     */
    public Explanation explain(PickRequest request) {
        Outlook.View now = outlook.view(request);
        Routing routing = now.routing();
        InstanceState pick = routing == null ? null : routing.peek(request);
        Subset subset = request.subset();
        Strategy own = subset == null ? null : subset.strategy();
        return new Explanation(
                service,
                subset == null ? "" : SubsetViews.describe(subset, now),
                own == null ? strategyName : own.toString(),
                now.reports(ticker.nanos(), endpoints),
                now.verdict() != null && now.verdict().panic(),
                pick == null ? null : pick.instance(),
                pick == null ? whyNone(now, subset) : outlook.lastDiscoveryError());
    }

    private CannotPickException whyNone(Outlook.View now, @Nullable Subset subset) {
        Admission admission = leases.admission();
        return now.routing() == null || admission == null
                ? outlook.cannotPick(now, subset)
                : admission.busy(now.routing(), "a call like this would wait or fail");
    }

    /**
     * Declares the subsets that calls will ask for, and no others any more: each gets a picker of its own on every
     * change, so that a pick within it costs what any pick does. In force a moment later, and no state of any instance is lost; a call within a subset that
     * isn't declared goes to one of its instances at random.
     *
     * @see PickRequest#within
     */
    public void subsets(Collection<Subset> value) {
        Set<Subset> declared = Set.copyOf(value);
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

    private Routing awaitRouting(PickRequest request) {
        CompletableFuture<Void> firstAnswer = outlook.firstAnswer();
        if (!closed && !firstAnswer.isDone() && !firstSnapshotTimeout.isZero()) {
            await(firstAnswer);
        }
        if (closed) {
            throw closedError();
        }
        return outlook.routingOrThrow(request);
    }

    private IllegalStateException closedError() {
        return new IllegalStateException(this + " (expected: open); it was closed before this call could be served");
    }

    private void await(CompletableFuture<Void> firstAnswer) {
        try {
            firstAnswer.get(TimeUnit.NANOSECONDS.convert(firstSnapshotTimeout), TimeUnit.NANOSECONDS);
        } catch (TimeoutException | ExecutionException e) {
            // What the caller is told depends on what is known by now, not on how the wait ended.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NotReadyException(
                    service, "interrupted while waiting for the first snapshot of service " + service, e);
        }
    }

    /** Collects a balancer's parts and settings. Not thread-safe. */
    public static final class Builder {
        final String service;
        private @Nullable ServiceDiscovery discovery;
        private @Nullable Strategy strategy;
        final List<LoadBalancerListener> listeners = new ArrayList<>();
        OutlierDetection outlierDetection = OutlierDetection.DEFAULT;

        @Nullable
        HealthCheck healthCheck;

        SlowStart slowStart = SlowStart.DEFAULT;

        @Nullable
        ConcurrencyLimit concurrencyLimit;

        @Nullable
        CallQueue queue;

        double panicThreshold = 0.5;
        boolean failTrafficOnPanic;
        Collection<Subset> subsets = List.of();
        Duration firstSnapshotTimeout = Duration.ofSeconds(5);
        Duration emptyListGrace = Duration.ofMinutes(5);
        Ticker ticker = Ticker.system();
        RandomGenerator random = ThreadRandom.INSTANCE;
        Scheduler scheduler = Scheduler.shared();
        CheckSlots checkSlots = CheckSlots.SHARED;

        private Builder(String service) {
            if (service.isBlank()) {
                throw new IllegalArgumentException("service: '" + service + "' (expected: a name)");
            }
            this.service = service;
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
            this.listeners.add(Objects.requireNonNull(value, "listener"));
            return this;
        }

        /** Sets passive health; default {@link OutlierDetection#DEFAULT}. */
        public Builder outlierDetection(OutlierDetection value) {
            this.outlierDetection = Objects.requireNonNull(value, "outlierDetection");
            return this;
        }

        /** Sets active health; default null, no checks. */
        public Builder healthCheck(@Nullable HealthCheck value) {
            this.healthCheck = value;
            return this;
        }

        /** Sets the ramp of new and returning instances; default {@link SlowStart#DEFAULT}. */
        public Builder slowStart(SlowStart value) {
            this.slowStart = Objects.requireNonNull(value, "slowStart");
            return this;
        }

        /** Sets how many calls an instance may have in flight at a time; default null, as many as come. */
        public Builder concurrencyLimit(@Nullable ConcurrencyLimit value) {
            this.concurrencyLimit = value;
            return this;
        }

        /**
         * Sets where calls wait while every instance is at its concurrency limit; default null, nowhere: they fail at
         * once.
         */
        public Builder queue(@Nullable CallQueue value) {
            this.queue = value;
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
            this.panicThreshold = value;
            return this;
        }

        /**
         * Sets whether calls fail at once in panic, with {@link io.lb4j.NoEligibleInstanceException}, instead of going to
         * all instances, healthy or not; default false. Then none go to the few healthy instances either, which would
         * not survive them; trial calls to ejected instances are made. (Envoy's {@code fail_traffic_on_panic}.)
         */
        public Builder failTrafficOnPanic(boolean value) {
            this.failTrafficOnPanic = value;
            return this;
        }

        /** Declares the subsets that calls will ask for; default none. See {@link LoadBalancer#subsets}. */
        public Builder subsets(Collection<Subset> value) {
            this.subsets = List.copyOf(value);
            return this;
        }

        /**
         * Sets how long {@link LoadBalancer#acquire} waits while nothing is known of the service; default 5 s, zero
         * never waits.
         *
         * @throws IllegalArgumentException if negative
         */
        public Builder firstSnapshotTimeout(Duration value) {
            if (value.isNegative()) {
                throw new IllegalArgumentException("firstSnapshotTimeout: " + value + " (expected: >= 0)");
            }
            this.firstSnapshotTimeout = value;
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
            if (value.isNegative()) {
                throw new IllegalArgumentException("emptyListGrace: " + value + " (expected: >= 0)");
            }
            this.emptyListGrace = value;
            return this;
        }

        /** Sets the clock; default {@link Ticker#system()}. */
        public Builder ticker(Ticker value) {
            this.ticker = Objects.requireNonNull(value, "ticker");
            return this;
        }

        /**
         * Sets the randomness, which must be thread-safe if picks come on more than one thread; default each thread's
         * own generator.
         */
        public Builder random(RandomGenerator value) {
            this.random = Objects.requireNonNull(value, "random");
            return this;
        }

        /** Sets what runs background work; default {@link Scheduler#shared()}. Never shut down by the balancer. */
        public Builder scheduler(Scheduler value) {
            this.scheduler = Objects.requireNonNull(value, "scheduler");
            return this;
        }

        Builder checkSlots(CheckSlots value) {
            this.checkSlots = value;
            return this;
        }

        /**
         * Builds the balancer and starts its watch.
         *
         * @throws IllegalStateException if discovery or strategy is missing, or there is a queue and no limit
         */
        public LoadBalancer build() {
            if (discovery == null || strategy == null) {
                throw new IllegalStateException("balancer of " + service + ": "
                        + (discovery == null ? "discovery" : "strategy") + " is missing (expected: set before build)");
            }
            if (queue != null && concurrencyLimit == null) {
                throw new IllegalStateException(
                        "balancer of " + service + ": concurrencyLimit is missing (expected: set"
                                + " before build, since there is a queue); nothing would ever wait in the queue");
            }
            return new LoadBalancer(this, discovery, strategy);
        }
    }
}
