package io.lb4j;

import java.time.Duration;

/**
 * What a call meant for the instance it went to. The transport decides it, health and trackers act on it.
 * Immutable; every outcome but {@link #overloaded(Duration)} is a constant, so reporting one allocates nothing.
 */
public final class Outcome {

    /** How a call ended, as far as the instance is concerned. */
    public enum Kind {
        /** The instance did its work, whatever the answer says to the caller (a 404 is a success). */
        SUCCESS,
        /** No connection: refused, unreachable, timed out or failed in the TLS handshake. The call was never sent. */
        CONNECT_FAILURE,
        /** Connected, but the answer did not come in time. */
        TIMEOUT,
        /** The connection broke or spoke garbage before the answer was complete. */
        TRANSPORT_FAILURE,
        /** The instance answered that it failed (HTTP 500–599 but 501). */
        SERVER_ERROR,
        /** The instance is alive and asked to be left alone for a while (HTTP 429, or 503 with Retry-After). */
        OVERLOADED,
        /** Says nothing about the instance: cancelled by the caller, lost a hedge, answered from a cache. */
        IGNORED
    }

    /** See {@link Kind#SUCCESS}. */
    public static final Outcome SUCCESS = new Outcome(Kind.SUCCESS, Duration.ZERO);

    /**
     * A {@link Kind#SUCCESS} by which the instance says that the call was wrong (HTTP 400–499 but 429). As a rule that is the
     * caller's doing and says nothing against the instance. But one that answers so much more often than the others, and
     * quickly, must not attract calls by its speed.
     */
    public static final Outcome CLIENT_ERROR = new Outcome(Kind.SUCCESS, Duration.ZERO);

    /** See {@link Kind#CONNECT_FAILURE}. */
    public static final Outcome CONNECT_FAILURE = new Outcome(Kind.CONNECT_FAILURE, Duration.ZERO);

    /** See {@link Kind#TIMEOUT}. */
    public static final Outcome TIMEOUT = new Outcome(Kind.TIMEOUT, Duration.ZERO);

    /** See {@link Kind#TRANSPORT_FAILURE}. */
    public static final Outcome TRANSPORT_FAILURE = new Outcome(Kind.TRANSPORT_FAILURE, Duration.ZERO);

    /** See {@link Kind#SERVER_ERROR}. */
    public static final Outcome SERVER_ERROR = new Outcome(Kind.SERVER_ERROR, Duration.ZERO);

    /**
     * A {@link Kind#SERVER_ERROR} by which the instance says that somebody behind it is not there or too slow (HTTP 502,
     * 503 without Retry-After, 504).
     */
    public static final Outcome GATEWAY_ERROR = new Outcome(Kind.SERVER_ERROR, Duration.ZERO);

    /** See {@link Kind#IGNORED}. */
    public static final Outcome IGNORED = new Outcome(Kind.IGNORED, Duration.ZERO);

    /**
     * A {@link Kind#IGNORED} by which another instance answered the same call first, although this one had had longer than
     * calls usually take: neither a success nor a failure, but the time it had is the least its answer would have
     * taken. Without that, an instance whose slow calls are all hedged would never be found slow.
     */
    public static final Outcome OVERTAKEN = new Outcome(Kind.IGNORED, Duration.ZERO);

    private final Kind kind;
    private final Duration retryAfter;

    private Outcome(Kind kind, Duration retryAfter) {
        this.kind = kind;
        this.retryAfter = retryAfter;
    }

    /**
     * The instance asked to be left alone; see {@link Kind#OVERLOADED}.
     *
     * @param retryAfter for how long; zero if it did not say
     * @throws IllegalArgumentException if negative
     */
    public static Outcome overloaded(Duration retryAfter) {
        if (retryAfter.isNegative()) {
            throw new IllegalArgumentException("retryAfter: " + retryAfter + " (expected: >= 0)");
        }
        return new Outcome(Kind.OVERLOADED, retryAfter);
    }

    /** How the call ended. */
    public Kind kind() {
        return kind;
    }

    /** For how long an overloaded instance asked to be left alone; zero for every other kind. */
    public Duration retryAfter() {
        return retryAfter;
    }

    /** Whether it counts against the instance: neither success, nor overloaded, nor ignored. */
    public boolean isFailure() {
        return switch (kind) {
            case CONNECT_FAILURE, TIMEOUT, TRANSPORT_FAILURE, SERVER_ERROR -> true;
            case SUCCESS, OVERLOADED, IGNORED -> false;
        };
    }

    /**
     * Whether Envoy would call it a gateway failure: {@link #GATEWAY_ERROR}, or no connection or no answer in time, in place
     * of which a proxy would have answered 503 or 504.
     */
    public boolean isGatewayFailure() {
        return this == GATEWAY_ERROR || kind == Kind.CONNECT_FAILURE || kind == Kind.TIMEOUT;
    }

    /** Whether it failed without a whole answer: no connection, no answer in time, or a broken connection. */
    public boolean isLocalFailure() {
        return kind == Kind.CONNECT_FAILURE || kind == Kind.TIMEOUT || kind == Kind.TRANSPORT_FAILURE;
    }

    @Override
    public String toString() {
        if (this == GATEWAY_ERROR) {
            return "GATEWAY_ERROR";
        }
        if (this == CLIENT_ERROR) {
            return "CLIENT_ERROR";
        }
        if (this == OVERTAKEN) {
            return "OVERTAKEN";
        }
        return retryAfter.isZero() ? kind.name() : kind + " for " + retryAfter;
    }
}
