package io.lb4j.discovery;

import io.lb4j.Scheduler;
import io.lb4j.ServiceDiscovery;
import io.lb4j.Ticker;
import io.lb4j.discovery.internal.Backoff;
import io.lb4j.discovery.internal.Durations;
import io.lb4j.discovery.internal.JsonCalls;
import io.lb4j.discovery.internal.ServiceWatches;
import io.lb4j.discovery.internal.SharedRandom;
import java.time.Duration;
import java.util.Objects;
import java.util.random.RandomGenerator;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * Instances that registered with a {@link RegistryServer}. One request per watched service waits at the registry for the
 * next change, so that a change is known within milliseconds and an idle service costs a request every 30 s.
 *
 * <p>A registry that is down, hangs, or answers with errors or garbage leaves the last good list in force. It is asked
 * again after a wait with full jitter that grows up to 5 s; each distinct trouble is logged once and told to the listeners
 * once, until the registry answers again. One that came back without its memory doesn't erase anything either: until it
 * says that its list is complete, what was known before is kept besides. An instance that can't be understood is left out
 * and told as a complaint; the others are used.
 *
 * <p>Thread-safe. Each watched service, however often it is watched, holds one daemon thread, since OkHttp's calls block.
 * {@link #close()} ends them.
 */
public final class RegistryDiscovery implements ServiceDiscovery {
    /** How long a request waits for a change, unless told otherwise: 30 s. */
    public static final Duration DEFAULT_WAIT = RegistryRules.DEFAULT_WAIT;

    private final JsonCalls calls;
    private final ServiceWatches watches;

    private RegistryDiscovery(Builder builder) {
        this.calls = RegistryRules.calls(builder.url, builder.token, builder.client);
        RegistryWatch.Settings settings = new RegistryWatch.Settings(
                calls,
                builder.scheduler,
                Ticker.system(),
                builder.wait,
                builder.margin,
                Backoff.standard(builder.random));
        this.watches = new ServiceWatches(toString(), service -> new RegistryWatch(service, settings));
    }

    /**
     * Watches the registry at this URL, everything else at its default.
     *
     * @param url as {@code http://127.0.0.1:8500}
     * @throws IllegalArgumentException if it isn't one
     */
    public static RegistryDiscovery of(String url) {
        return builder(url).build();
    }

    /** A builder with every setting but the registry's URL at its default. */
    public static Builder builder(String url) {
        return new Builder(url);
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if no registry takes a service of that name
     */
    @Override
    public Watch watch(String service, Listener listener) {
        return watches.watch(RegistryRules.service(service), listener);
    }

    @Override
    public void close() {
        watches.close();
        calls.close();
    }

    @Override
    public String toString() {
        return "RegistryDiscovery[" + calls + "]";
    }

    /** Collects the settings of a {@link RegistryDiscovery}. Not thread-safe. */
    public static final class Builder {
        private final String url;
        private DiscoveryUri.@Nullable Secret token;
        private @Nullable OkHttpClient client;
        private Duration wait = DEFAULT_WAIT;
        private Duration margin = Duration.ofSeconds(5);
        private Scheduler scheduler = Scheduler.shared();
        private RandomGenerator random = new SharedRandom();

        private Builder(String url) {
            this.url = Objects.requireNonNull(url, "url");
        }

        /**
         * Sets the registry's shared secret; default none. It is sent over HTTPS or to a loopback address only.
         *
         * @throws IllegalArgumentException unless it has at least 16 printable ASCII characters
         */
        public Builder token(String value) {
            String checked = RegistryRules.token(value);
            return token(() -> checked);
        }

        /**
         * Sets where the shared secret comes from; default none. It is asked for anew with each question, without waiting for
         * others, and is a trouble unless it has at least 16 printable ASCII characters.
         */
        public Builder token(DiscoveryUri.Secret value) {
            this.token = Objects.requireNonNull(value, "token");
            return this;
        }

        /**
         * Sets the client to start from, for TLS or a proxy; default a new one. Its connection pool is used, its dispatcher
         * and time-outs are not. It is not closed.
         */
        public Builder client(OkHttpClient value) {
            this.client = Objects.requireNonNull(value, "client");
            return this;
        }

        /**
         * Sets how long a request waits for a change; default {@link #DEFAULT_WAIT}. A registry that hangs is noticed 5 s
         * after.
         *
         * @throws IllegalArgumentException unless 100 ms to 60 s
         */
        public Builder waitTime(Duration value) {
            this.wait = Durations.check("waitTime", value, Duration.ofMillis(100), RegistryRules.MAX_WAIT);
            return this;
        }

        /** For tests: what an answer may take beyond the wait. */
        Builder margin(Duration value) {
            this.margin = value;
            return this;
        }

        /** Sets who runs the timers, which never block; default {@link Scheduler#shared()}. */
        public Builder scheduler(Scheduler value) {
            this.scheduler = Objects.requireNonNull(value, "scheduler");
            return this;
        }

        /** Sets where jitter comes from, which must be thread-safe; default the running thread's own. */
        public Builder random(RandomGenerator value) {
            this.random = Objects.requireNonNull(value, "random");
            return this;
        }

        /**
         * Builds the discovery. It asks nothing before it is watched.
         *
         * @throws IllegalArgumentException if the URL is malformed, or the token would be sent in the clear
         */
        public RegistryDiscovery build() {
            return new RegistryDiscovery(this);
        }
    }
}
