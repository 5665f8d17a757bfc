package io.lb4j.okhttp.rules;

import io.lb4j.Strategy;
import io.lb4j.Subset;
import io.lb4j.XxHash64;
import io.lb4j.okhttp.rules.Rewrite.HeaderChange;
import io.lb4j.retry.RetryPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A rule for where calls go: which ones, and what becomes of them. Immutable and thread-safe.
 *
 * <pre>{@code
 * Route canary = Route.named("canary")
 *         .match(RequestMatch.builder().service("orders").percent(5).byHeader("X-User").build())
 *         .subset(Subset.of("version", "canary").orAnyInstance())
 *         .build();
 * }</pre>
 */
public final class Route {
    private static final Duration MAX_TIME = Duration.ofHours(24);

    private final String name;
    private final long seed;
    private final RequestMatch match;
    private final Rewrite rewrite;
    private final @Nullable Subset subset;
    private final @Nullable Duration attemptTimeout;
    private final @Nullable Duration callTimeout;
    private final @Nullable RetryPolicy retry;
    private final boolean hedge;
    private final @Nullable Mirror mirror;

    private Route(Builder builder) {
        this.name = builder.name;
        this.seed = XxHash64.hash(builder.name);
        this.match = builder.match;
        this.rewrite = new Rewrite(builder.service, builder.path, builder.prefix, List.copyOf(builder.headers));
        this.subset = subset(builder.subset, builder.strategy);
        this.attemptTimeout = builder.attemptTimeout;
        this.callTimeout = builder.callTimeout;
        this.retry = builder.retry;
        this.hedge = builder.hedge;
        this.mirror = builder.mirror;
    }

    private static @Nullable Subset subset(@Nullable Subset subset, @Nullable Strategy strategy) {
        return strategy == null ? subset : (subset == null ? Subset.all() : subset).by(strategy);
    }

    /**
     * A builder of a route with this name, by which errors, counts and explanations tell it from others.
     *
     * @throws IllegalArgumentException unless 1 to 100 printable characters
     */
    public static Builder named(String name) {
        return new Builder(name);
    }

    /** The route's name. */
    public String name() {
        return name;
    }

    /** Which calls it is for. */
    public RequestMatch match() {
        return match;
    }

    /** The service that its calls go to, as URLs spell it; null if they stay where they are. */
    public @Nullable String service() {
        return rewrite.service();
    }

    /** The instances that its calls go to; null for whichever the service has. */
    public @Nullable Subset subset() {
        return subset;
    }

    /** Where copies of its calls go; null for nowhere. */
    public @Nullable Mirror mirror() {
        return mirror;
    }

    Rewrite rewrite() {
        return rewrite;
    }

    @Nullable
    Duration attemptTimeout() {
        return attemptTimeout;
    }

    @Nullable
    Duration callTimeout() {
        return callTimeout;
    }

    @Nullable
    RetryPolicy retry() {
        return retry;
    }

    boolean hedge() {
        return hedge;
    }

    boolean matches(Subject subject) {
        return match.matches(subject, seed);
    }

    @Nullable
    String mismatch(Subject subject) {
        return match.mismatch(subject, seed);
    }

    @Override
    public String toString() {
        return "route '" + name + "'";
    }

    /** Collects what a route says. Not thread-safe. */
    public static final class Builder {
        private final String name;
        private final List<HeaderChange> headers = new ArrayList<>();
        private RequestMatch match = RequestMatch.any();
        private @Nullable String service;
        private @Nullable PathTemplate path;
        private @Nullable String prefix;
        private @Nullable Subset subset;
        private @Nullable Strategy strategy;
        private @Nullable Duration attemptTimeout;
        private @Nullable Duration callTimeout;
        private @Nullable RetryPolicy retry;
        private boolean hedge = true;
        private @Nullable Mirror mirror;

        private Builder(String name) {
            if (name.isBlank() || name.length() > 100 || name.chars().anyMatch(Character::isISOControl)) {
                throw new IllegalArgumentException("name: '" + name + "' (expected: 1 to 100 printable characters)");
            }
            this.name = name;
        }

        /** Sets which calls it is for; default all. */
        public Builder match(RequestMatch value) {
            this.match = Objects.requireNonNull(value, "match");
            return this;
        }

        /**
         * Sends the calls to another service; default null, they stay. Its name is then the call's for TLS, {@code Host} and
         * discovery, with the scheme's own port.
         *
         * @throws IllegalArgumentException if no URL can have such a host
         */
        public Builder service(@Nullable String value) {
            this.service = value == null ? null : ServiceNames.canonical("service", value);
            return this;
        }

        /** Sends the calls to some of the service's instances; default null, any. */
        public Builder subset(@Nullable Subset value) {
            this.subset = value;
            return this;
        }

        /** Sets how their instances are chosen; default null, as the service's settings say. */
        public Builder strategy(@Nullable Strategy value) {
            this.strategy = value;
            return this;
        }

        /**
         * Replaces the path: {@code /v2/orders/{id}}, with names that the match's template has.
         *
         * @throws IllegalArgumentException unless it is a {@link PathTemplate}
         */
        public Builder rewritePath(String value) {
            this.path = PathTemplate.of(value);
            return this;
        }

        /** Replaces the prefix by which the match knows the path. {@code /} drops it. */
        public Builder rewritePrefix(String value) {
            this.prefix = Paths.checked("rewritePrefix", value);
            return this;
        }

        /**
         * Sets a header, whether it is there or not.
         *
         * @throws IllegalArgumentException if it is no header, or one that follows from the URL, the body or the connection
         */
        public Builder setHeader(String header, String value) {
            headers.add(new HeaderChange(header, Objects.requireNonNull(value, "value"), false));
            return this;
        }

        /** Adds a header to those that are there; as {@link #setHeader}. */
        public Builder addHeader(String header, String value) {
            headers.add(new HeaderChange(header, Objects.requireNonNull(value, "value"), true));
            return this;
        }

        /** Removes a header; as {@link #setHeader}. */
        public Builder removeHeader(String header) {
            headers.add(new HeaderChange(header, null, false));
            return this;
        }

        /**
         * Sets how long one attempt may take until its headers are there; default null, as the service's settings say.
         *
         * @throws IllegalArgumentException unless positive and at most a day
         */
        public Builder attemptTimeout(@Nullable Duration value) {
            this.attemptTimeout = checked("attemptTimeout", value);
            return this;
        }

        /**
         * Sets how long the call may take, with all attempts and the body of the answer; default null, as the client's
         * call time-out says. The shorter of the two holds. Not for WebSockets.
         *
         * @throws IllegalArgumentException unless positive and at most a day
         */
        public Builder callTimeout(@Nullable Duration value) {
            this.callTimeout = checked("callTimeout", value);
            return this;
        }

        private static @Nullable Duration checked(String what, @Nullable Duration value) {
            if (value != null && (value.isNegative() || value.isZero() || value.compareTo(MAX_TIME) > 0)) {
                throw new IllegalArgumentException(what + ": " + value + " (expected: above 0, at most 24 h)");
            }
            return value;
        }

        /** Sets which failed attempts are followed by another; default null, as the service's settings say. */
        public Builder retry(@Nullable RetryPolicy value) {
            this.retry = value;
            return this;
        }

        /** Sets whether the calls are hedged if the service's calls are; default true. */
        public Builder hedge(boolean value) {
            this.hedge = value;
            return this;
        }

        /** Sets where copies of the calls go; default null, nowhere. */
        public Builder mirror(@Nullable Mirror value) {
            this.mirror = value;
            return this;
        }

        /**
         * Builds the route.
         *
         * @throws IllegalArgumentException if what it rewrites is not what it matches
         */
        public Route build() {
            Route route = new Route(this);
            route.rewrite.check(match);
            return route;
        }
    }
}
