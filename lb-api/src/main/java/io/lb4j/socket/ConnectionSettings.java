package io.lb4j.socket;

import io.lb4j.Scheduler;
import io.lb4j.Ticker;
import io.lb4j.internal.Settings;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * How connections are made. Immutable.
 *
 * @param connectTimeout how long the attempts of one connection may take together, if the caller gives no time-out of
 *     its own; default 10 s
 * @param attemptTimeout how long one instance is waited for before the next is tried; default 2 s, enough for one lost
 *     packet. A caller whose own time-out is no longer than this gets no second attempt when an instance is silent
 * @param proof what shows that an instance is well; default {@link Proof#CONNECT}
 * @param key which connections belong together; default {@link FlowKey#NONE}
 * @param rememberedKeys for how many keys it is remembered where their last connection went, so that the next one goes
 *     there while that instance takes connections, whatever the strategy's table says by then; the key that was unused
 *     for longest is forgotten first; default 0, none
 * @param lifetime when connections have lived long enough; default null, never
 * @param scheduler what looks after connections; default {@link Scheduler#shared()}
 * @param ticker the clock that ages are taken from; default {@link Ticker#system()}
 * @param random spreads ages; must be thread-safe
 */
public record ConnectionSettings(
        Duration connectTimeout,
        Duration attemptTimeout,
        Proof proof,
        FlowKey key,
        int rememberedKeys,
        @Nullable Lifetime lifetime,
        Scheduler scheduler,
        Ticker ticker,
        RandomGenerator random) {

    /** A socket's time-out is an int of milliseconds. */
    private static final Duration LONGEST = Duration.ofMillis(Integer.MAX_VALUE);

    /** Every component at its default. */
    public static final ConnectionSettings DEFAULT = builder().build();

    /**
     * Checks every component.
     *
     * @throws IllegalArgumentException naming the component, its value and the rule it broke
     */
    public ConnectionSettings {
        checkTimeout(connectTimeout, "connectTimeout");
        checkTimeout(attemptTimeout, "attemptTimeout");
        Objects.requireNonNull(proof, "proof");
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(scheduler, "scheduler");
        Objects.requireNonNull(ticker, "ticker");
        Objects.requireNonNull(random, "random");
        Settings.atLeast(0, rememberedKeys, "rememberedKeys");
    }

    private static void checkTimeout(Duration value, String name) {
        Settings.check(
                value.compareTo(Duration.ofMillis(1)) >= 0 && value.compareTo(LONGEST) <= 0,
                name,
                value,
                "1 ms to " + LONGEST);
    }

    /** A builder with every component at its default. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects the components of {@link ConnectionSettings}. Not thread-safe. */
    public static final class Builder {
        private Duration connectTimeout = Duration.ofSeconds(10);
        private Duration attemptTimeout = Duration.ofSeconds(2);
        private Proof proof = Proof.CONNECT;
        private FlowKey key = FlowKey.NONE;
        private int rememberedKeys = 0;
        private @Nullable Lifetime lifetime;
        private Scheduler scheduler = Scheduler.shared();
        private Ticker ticker = Ticker.system();
        private RandomGenerator random = () -> ThreadLocalRandom.current().nextLong();

        private Builder() {}

        /** Sets how long all attempts may take if the caller doesn't say; default 10 s. */
        public Builder connectTimeout(Duration value) {
            this.connectTimeout = value;
            return this;
        }

        /** Sets how long one instance is waited for before the next is tried; default 2 s. */
        public Builder attemptTimeout(Duration value) {
            this.attemptTimeout = value;
            return this;
        }

        /** Sets what shows that an instance is well; default {@link Proof#CONNECT}. */
        public Builder proof(Proof value) {
            this.proof = value;
            return this;
        }

        /** Sets which connections belong together; default {@link FlowKey#NONE}. */
        public Builder key(FlowKey value) {
            this.key = value;
            return this;
        }

        /** Sets for how many keys their instance is remembered; default 0, none. */
        public Builder rememberedKeys(int value) {
            this.rememberedKeys = value;
            return this;
        }

        /** Sets when connections have lived long enough; default null, never. */
        public Builder lifetime(@Nullable Lifetime value) {
            this.lifetime = value;
            return this;
        }

        /** Sets what looks after connections; default {@link Scheduler#shared()}. Never shut down. */
        public Builder scheduler(Scheduler value) {
            this.scheduler = value;
            return this;
        }

        /** Sets the clock that ages are taken from; default {@link Ticker#system()}. */
        public Builder ticker(Ticker value) {
            this.ticker = value;
            return this;
        }

        /** Sets what spreads ages, which must be thread-safe; default each thread's own generator. */
        public Builder random(RandomGenerator value) {
            this.random = value;
            return this;
        }

        /**
         * Builds the settings.
         *
         * @throws IllegalArgumentException if a component is out of its range
         */
        public ConnectionSettings build() {
            return new ConnectionSettings(
                    connectTimeout, attemptTimeout, proof, key, rememberedKeys, lifetime, scheduler, ticker, random);
        }
    }
}
