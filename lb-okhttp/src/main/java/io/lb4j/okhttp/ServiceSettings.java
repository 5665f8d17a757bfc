package io.lb4j.okhttp;

import io.lb4j.LoadProbe;
import io.lb4j.Strategy;
import io.lb4j.affinity.AffinitySettings;
import io.lb4j.affinity.AffinityStore;
import io.lb4j.affinity.InMemoryAffinityStore;
import io.lb4j.health.CallQueue;
import io.lb4j.health.ConcurrencyLimit;
import io.lb4j.health.HealthCheck;
import io.lb4j.health.OutlierDetection;
import io.lb4j.health.SlowStart;
import io.lb4j.retry.HedgePolicy;
import io.lb4j.retry.RetryPolicy;
import io.lb4j.strategy.Strategies;
import java.time.Duration;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * How calls to one service are balanced, judged and retried. Immutable; made by {@link LoadBalancedClient.Builder}.
 */
public final class ServiceSettings {
    /** How many sessions are remembered by a {@linkplain Builder#sessionCookie session cookie} without a store. */
    public static final int DEFAULT_SESSIONS = 100_000;

    /** For how long after its last call such a session is remembered: 30 minutes, as long as servlet containers keep it. */
    public static final Duration DEFAULT_SESSION_TIME_TO_LIVE = Duration.ofMinutes(30);

    final BiFunction<String, TlsSource, Strategy> strategy;
    final @Nullable AffinityKey affinity;
    final @Nullable AffinityStore affinityStore;
    final AffinitySettings affinitySettings;
    final @Nullable SessionCookie sessionCookie;
    final @Nullable EndpointName endpoint;
    final OutcomeClassifier classifier;
    final @Nullable HealthCheck healthCheck;
    final OutlierDetection outlierDetection;
    final SlowStart slowStart;
    final @Nullable ConcurrencyLimit concurrencyLimit;
    final @Nullable CallQueue queue;
    final double panicThreshold;
    final boolean failTrafficOnPanic;
    final RetryPolicy retry;
    final double budgetRatio;
    final int budgetPerSecond;
    final @Nullable HedgePolicy hedge;
    final @Nullable Duration attemptTimeout;
    final @Nullable DeadlineHeader deadlineHeader;
    final Duration firstSnapshotTimeout;
    final Duration emptyListGrace;
    final int prewarm;
    final TlsSettings tls;
    final boolean cache;

    private ServiceSettings(Builder builder) {
        BiFunction<String, TlsSource, Strategy> chosen = builder.strategy;
        this.strategy = chosen != null
                ? chosen
                : Builder.always(
                        builder.affinityStore == null || builder.sessionCookie != null
                                ? Strategies.defaultStrategy()
                                : Strategies.rendezvous());
        this.affinity = builder.affinity;
        this.affinityStore = builder.affinityStore;
        this.affinitySettings = builder.affinitySettings;
        this.sessionCookie = builder.sessionCookie;
        this.endpoint = builder.endpoint;
        this.classifier = builder.classifier;
        this.healthCheck = builder.healthCheck;
        this.outlierDetection = builder.outlierDetection;
        this.slowStart = builder.slowStart;
        this.concurrencyLimit = builder.concurrencyLimit;
        this.queue = builder.queue;
        this.panicThreshold = builder.panicThreshold;
        this.failTrafficOnPanic = builder.failTrafficOnPanic;
        this.retry = builder.retry;
        this.budgetRatio = builder.budgetRatio;
        this.budgetPerSecond = builder.budgetPerSecond;
        this.hedge = builder.hedge;
        this.attemptTimeout = builder.attemptTimeout;
        this.deadlineHeader = builder.deadlineHeader;
        this.firstSnapshotTimeout = builder.firstSnapshotTimeout;
        this.emptyListGrace = builder.emptyListGrace;
        this.prewarm = builder.prewarm;
        this.tls = builder.tls;
        this.cache = builder.cache;
    }

    /** Collects the settings of one service, or the defaults of all. Not thread-safe. */
    public static final class Builder {
        private @Nullable BiFunction<String, TlsSource, Strategy> strategy;
        private @Nullable AffinityKey affinity;
        private @Nullable AffinityStore affinityStore;
        private AffinitySettings affinitySettings = AffinitySettings.DEFAULT;
        private @Nullable SessionCookie sessionCookie;
        private @Nullable EndpointName endpoint;
        private OutcomeClassifier classifier = OutcomeClassifier.standard();
        private @Nullable HealthCheck healthCheck;
        private OutlierDetection outlierDetection = OutlierDetection.DEFAULT;
        private SlowStart slowStart = SlowStart.DEFAULT;
        private @Nullable ConcurrencyLimit concurrencyLimit;
        private @Nullable CallQueue queue;
        private double panicThreshold = 0.5;
        private boolean failTrafficOnPanic;
        private RetryPolicy retry = RetryPolicy.defaults();
        private double budgetRatio = 0.2;
        private int budgetPerSecond = 10;
        private @Nullable HedgePolicy hedge;
        private @Nullable Duration attemptTimeout;
        private @Nullable DeadlineHeader deadlineHeader;
        private Duration firstSnapshotTimeout = Duration.ofSeconds(5);
        private Duration emptyListGrace = Duration.ofMinutes(5);
        private int prewarm;
        private TlsSettings tls = TlsSettings.perInstance();
        private boolean cache = true;

        Builder() {}

        /**
         * Sets how instances are chosen; default {@link Strategies#defaultStrategy()}, or {@link Strategies#rendezvous()} if
         * affinity has a store.
         */
        public Builder strategy(Strategy value) {
            this.strategy = always(Objects.requireNonNull(value, "strategy"));
            return this;
        }

        /**
         * Sets how instances are chosen by a strategy that asks them how busy they are: it is given the probe as one
         * that asks in the name of the service, over the client's own TLS settings.
         *
         * @param probe what to ask, for example {@code HttpLoadProbe.get("/load")}
         * @param value makes the strategy with the probe; called once for each service with these settings
         */
        public Builder strategy(HttpLoadProbe probe, Function<? super LoadProbe, ? extends Strategy> value) {
            Objects.requireNonNull(probe, "probe");
            Objects.requireNonNull(value, "strategy");
            this.strategy = (host, tls) -> Objects.requireNonNull(value.apply(probe.boundTo(host, tls)), "strategy");
            return this;
        }

        private static BiFunction<String, TlsSource, Strategy> always(Strategy value) {
            return (host, tls) -> value;
        }

        /**
         * Sets what of a request decides its instance; default null, nothing. Needs a strategy that keeps keys in place,
         * such as {@link Strategies#ringHash()}.
         */
        public Builder affinity(@Nullable AffinityKey value) {
            this.affinity = value;
            this.affinityStore = null;
            this.sessionCookie = null;
            return this;
        }

        /**
         * Sets what of a request decides its instance, and a store by which this process and others agree on that
         * instance, until it dies and whatever others come and go. Works with every strategy, which then says where new keys
         * go; one that keeps keys in place says the same in every process while the store is away.
         *
         * @param store stays the caller's, and may serve other services and clients, too
         * @see io.lb4j.affinity.SharedAffinity
         */
        public Builder affinity(AffinityKey key, AffinityStore store) {
            return affinity(key, store, AffinitySettings.DEFAULT);
        }

        /** The same with other settings than {@link AffinitySettings#DEFAULT}. */
        public Builder affinity(AffinityKey key, AffinityStore store, AffinitySettings settings) {
            this.affinity = Objects.requireNonNull(key, "key");
            this.affinityStore = Objects.requireNonNull(store, "store");
            this.affinitySettings = Objects.requireNonNull(settings, "settings");
            this.sessionCookie = null;
            return this;
        }

        /**
         * Keeps sessions where they began, by the cookie in which the servers themselves name them ({@code JSESSIONID}): which instance sets which
         * value is remembered, and later calls with it go there until it dies; then the strategy chooses, and what that instance sets is remembered. The cookie is taken from the
         * request's own header, or from the cookie jar of the OkHttp client. Instead of {@link #affinity}. Remembers
         * {@value ServiceSettings#DEFAULT_SESSIONS} sessions, in this process, until {@link ServiceSettings#DEFAULT_SESSION_TIME_TO_LIVE} after their last call.
         *
         * @param name the cookie's
         * @throws IllegalArgumentException if empty
         */
        public Builder sessionCookie(String name) {
            return sessionCookie(name, InMemoryAffinityStore.create(DEFAULT_SESSIONS, DEFAULT_SESSION_TIME_TO_LIVE));
        }

        /**
         * The same with a store, which says how many sessions are remembered and for how long, and may be shared with other processes.
         *
         * @param store stays the caller's, and may serve other services and clients, too
         */
        public Builder sessionCookie(String name, AffinityStore store) {
            check(!name.isEmpty(), "sessionCookie", "''", "the name of a cookie");
            affinity(null);
            this.affinityStore = Objects.requireNonNull(store, "store");
            this.affinitySettings = AffinitySettings.DEFAULT;
            this.sessionCookie = new SessionCookie(name);
            return this;
        }

        /**
         * Sets which endpoint a request calls, so that an instance that fails at one of them loses the calls to that one only; default null,
         * instances are judged as a whole.
         */
        public Builder endpoint(@Nullable EndpointName value) {
            this.endpoint = value;
            return this;
        }

        /** Sets what answers mean for the instance; default {@link OutcomeClassifier#standard()}. */
        public Builder outcomeClassifier(OutcomeClassifier value) {
            this.classifier = Objects.requireNonNull(value, "outcomeClassifier");
            return this;
        }

        /**
         * Sets active health; default null, no checks. An {@link HttpProbe} in it asks in the name of the service, over
         * the client's own TLS settings.
         */
        public Builder healthCheck(@Nullable HealthCheck value) {
            this.healthCheck = value;
            return this;
        }

        /** Sets passive health; default {@link OutlierDetection#DEFAULT}. */
        public Builder outlierDetection(OutlierDetection value) {
            this.outlierDetection = Objects.requireNonNull(value, "outlierDetection");
            return this;
        }

        /** Sets the ramp of new and returning instances; default {@link SlowStart#DEFAULT}. */
        public Builder slowStart(SlowStart value) {
            this.slowStart = Objects.requireNonNull(value, "slowStart");
            return this;
        }

        /**
         * Sets how many calls an instance may have at a time, from this client; default null, as many as come. A call
         * has its place until its body is closed.
         */
        public Builder concurrencyLimit(@Nullable ConcurrencyLimit value) {
            this.concurrencyLimit = value;
            return this;
        }

        /**
         * Sets where calls wait while every instance is at its concurrency limit; default null, nowhere: they fail at
         * once. A call waits on the thread that makes it, one of the dispatcher's if it was enqueued, for at most nine
         * tenths of what is left of its call time-out. Needs a {@link #concurrencyLimit}; without one the client is not
         * built.
         */
        public Builder queue(@Nullable CallQueue value) {
            this.queue = value;
            return this;
        }

        /**
         * Sets the share of healthy instances below which all take calls, healthy or not; default 0.5, 0 turns it off.
         *
         * @throws IllegalArgumentException unless 0 to 1
         */
        public Builder panicThreshold(double value) {
            check(value >= 0 && value <= 1, "panicThreshold", value, "0 to 1");
            this.panicThreshold = value;
            return this;
        }

        /**
         * Sets whether calls fail at once in panic, with a {@link ServiceUnavailableException}, instead of going to all
         * instances, healthy or not; default false.
         */
        public Builder failTrafficOnPanic(boolean value) {
            this.failTrafficOnPanic = value;
            return this;
        }

        /** Sets which failed attempts are followed by another; default {@link RetryPolicy#defaults()}. */
        public Builder retry(RetryPolicy value) {
            this.retry = Objects.requireNonNull(value, "retry");
            return this;
        }

        /**
         * Caps the retries of the service as a whole: those of any second are at most a share of the calls that succeeded in that
         * second, or a floor if that is more. Those after refused connections are given back by the next success. See
         * {@link io.lb4j.retry.RetryBudget}.
         *
         * @param ratio retries per call that succeeds, 0 to 10; default 0.2
         * @param minPerSecond retries per second allowed whatever the traffic, up to three seconds' worth at once;
         *     default 10
         * @throws IllegalArgumentException if out of range
         */
        public Builder retryBudget(double ratio, int minPerSecond) {
            check(ratio >= 0 && ratio <= 10, "ratio", ratio, "0 to 10");
            check(minPerSecond >= 0 && minPerSecond <= 1_000_000, "minPerSecond", minPerSecond, "0 to 1000000");
            this.budgetRatio = ratio;
            this.budgetPerSecond = minPerSecond;
            return this;
        }

        /**
         * Sets when a call that takes longer than usual is sent to a second instance as well; default null, never. Such
         * calls are OkHttp calls of their own, so that each can be cancelled alone. Not for WebSockets.
         *
         * @see HedgePolicy#defaults()
         */
        public Builder hedge(@Nullable HedgePolicy value) {
            this.hedge = value;
            return this;
        }

        /**
         * Sets how long one attempt may take until its headers are there; default null, as long as the client's own
         * time-outs allow. An attempt that takes longer is cancelled, counts as a time-out of its instance, and is
         * followed by another one if the retry policy allows. Makes every attempt an OkHttp call of its own, so that it
         * can be cancelled alone. Not for WebSockets.
         *
         * @throws IllegalArgumentException unless positive
         */
        public Builder attemptTimeout(@Nullable Duration value) {
            check(
                    value == null || !(value.isNegative() || value.isZero()),
                    "attemptTimeout",
                    String.valueOf(value),
                    "> 0");
            this.attemptTimeout = value;
            return this;
        }

        /**
         * Sets the header that tells each attempt's instance how much time is left; default null, none is sent. The time
         * is what is left of the call's time-out, or the attempt's own if that is shorter.
         */
        public Builder deadlineHeader(@Nullable DeadlineHeader value) {
            this.deadlineHeader = value;
            return this;
        }

        /**
         * Sets how long a call waits while nothing is known of the service yet; default 5 s, zero never waits.
         *
         * @throws IllegalArgumentException if negative
         */
        public Builder firstSnapshotTimeout(Duration value) {
            check(!value.isNegative(), "firstSnapshotTimeout", value, ">= 0");
            this.firstSnapshotTimeout = value;
            return this;
        }

        /**
         * Sets how long discovery must go on listing no instance until that is believed; default 5 min, zero believes at
         * once. See {@link io.lb4j.balancer.LoadBalancer.Builder#emptyListGrace}.
         *
         * @throws IllegalArgumentException if negative
         */
        public Builder emptyListGrace(Duration value) {
            check(!value.isNegative(), "emptyListGrace", value, ">= 0");
            this.emptyListGrace = value;
            return this;
        }

        /**
         * Sets how many connections are opened to an instance as soon as discovery lists it, so that its first calls
         * don't wait for TCP and TLS; no request is sent. Over HTTP/2 one connection is all there is. Default 0: with
         * many clients and many instances most of these connections would never be used, and slow start gives a
         * newcomer few calls at first anyway. At most 8 are being opened at a time in the whole process. They are for the
         * port that the URL of the service's last call named, or the scheme's own.
         *
         * @throws IllegalArgumentException unless 0 to 5, as many as are kept
         */
        public Builder prewarm(int connections) {
            check(connections >= 0 && connections <= Endpoint.MAX_IDLE, "prewarm", connections, "0 to 5");
            this.prewarm = connections;
            return this;
        }

        /**
         * Sets which instances are spoken TLS to though URLs say {@code http}, and with whose certificates; default
         * {@link TlsSettings#perInstance()}. A URL that says {@code https} is TLS whatever is set here.
         */
        public Builder tls(TlsSettings value) {
            this.tls = Objects.requireNonNull(value, "tls");
            return this;
        }

        /**
         * Sets whether answers are kept in, and come from, the OkHttp client's {@link okhttp3.Cache}, if it has one;
         * default true. What comes from it counts for no instance.
         */
        public Builder cache(boolean value) {
            this.cache = value;
            return this;
        }

        ServiceSettings build() {
            if (queue != null && concurrencyLimit == null) {
                throw new IllegalStateException(
                        "queue: " + queue + " (expected: a concurrencyLimit with it); nothing would ever wait");
            }
            if (hedge != null && affinityStore != null) {
                throw new IllegalStateException(
                        "hedge: " + hedge + " (expected: none where affinity has a store); a hedge is sent to another"
                                + " instance than the one that has the key");
            }
            return new ServiceSettings(this);
        }

        private static void check(boolean ok, String name, Object value, String rule) {
            if (!ok) {
                throw new IllegalArgumentException(name + ": " + value + " (expected: " + rule + ")");
            }
        }
    }
}
