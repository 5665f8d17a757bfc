package io.lb4j.socket;

import io.lb4j.ServiceInstance;
import java.io.Closeable;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * When connections have lived long enough. Bytes on a connection have no safe point at which to end it, so that is done in
 * two steps: an expired connection is reported, to be closed by whoever knows when it is idle; what is left when the
 * grace is over is closed by force. (gRPC's {@code MAX_CONNECTION_AGE} and its grace.) Looked at once a second. Immutable.
 *
 * @param maxAge when a connection expires; each at a moment of its own up to a tenth earlier or later, lest all that
 *     were made together are made anew together; null, the default, is never
 * @param drain whether a connection expires when its instance drains (weight 0, terminating) or discovery lists it no longer; default
 *     true
 * @param grace how long an expired connection may go on until it is closed by force; null, the default, is for ever
 * @param listener told of each connection that expires, once, on the scheduler's thread, so must be quick; default does nothing
 */
public record Lifetime(
        @Nullable Duration maxAge, boolean drain, @Nullable Duration grace, Listener listener) {

    /** Connections expire when their instance drains or is gone; nobody is told, and none is closed by force. */
    public static final Lifetime DEFAULT = new Lifetime(null, true, null, (connection, instance, reason) -> {});

    /** Why a connection has expired. */
    public enum Reason {
        /** It is as old as it may get. */
        AGE,
        /** Its instance gets no new connections and is about to stop. */
        DRAINING,
        /** Discovery doesn't list its instance any longer. */
        GONE
    }

    /** Told of connections that have lived long enough. Must be thread-safe and quick. */
    @FunctionalInterface
    public interface Listener {
        /**
         * The connection should be closed as soon as it is idle: a pool would retire it, for instance.
         *
         * @param connection the socket, or the {@link LoadBalancedChannel}
         */
        void onExpired(Closeable connection, ServiceInstance instance, Reason reason);
    }

    /**
     * Checks every component.
     *
     * @throws IllegalArgumentException naming the component, its value and the rule it broke
     */
    public Lifetime {
        if (maxAge != null && (maxAge.compareTo(Duration.ofSeconds(1)) < 0 || isTooLong(maxAge))) {
            throw new IllegalArgumentException("maxAge: " + maxAge + " (expected: 1 s to 365 days, or null)");
        }
        if (grace != null && (grace.isNegative() || isTooLong(grace))) {
            throw new IllegalArgumentException("grace: " + grace + " (expected: 0 to 365 days, or null)");
        }
        Objects.requireNonNull(listener, "listener");
    }

    private static boolean isTooLong(Duration value) {
        return value.compareTo(Duration.ofDays(365)) > 0;
    }

    /** The same with another maximum age; null is none. */
    public Lifetime withMaxAge(@Nullable Duration value) {
        return new Lifetime(value, drain, grace, listener);
    }

    /** The same with or without regard to draining. */
    public Lifetime withDrain(boolean value) {
        return new Lifetime(maxAge, value, grace, listener);
    }

    /** The same with another grace; null is for ever. */
    public Lifetime withGrace(@Nullable Duration value) {
        return new Lifetime(maxAge, drain, value, listener);
    }

    /** The same with another listener. */
    public Lifetime withListener(Listener value) {
        return new Lifetime(maxAge, drain, grace, value);
    }
}
