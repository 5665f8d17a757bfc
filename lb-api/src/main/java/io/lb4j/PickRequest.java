package io.lb4j;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a strategy may know of the call it picks for: the affinity key, if any, the attempts that failed before, and the
 * transport's own request. Immutable and thread-safe.
 */
public final class PickRequest {
    private static final PickRequest PLAIN = new PickRequest(false, 0, null, null, null, null, 0, new Candidate[0]);

    private final boolean keyed;
    private final long hash;
    private final @Nullable String preferred;
    private final @Nullable Object call;
    private final @Nullable Subset subset;
    private final @Nullable String endpoint;
    private final int attempt;

    /** The length of the array, nearer for the pick. */
    private final int excludedCount;

    private final Candidate[] excluded;

    private PickRequest(
            boolean keyed,
            long hash,
            @Nullable String preferred,
            @Nullable Object call,
            @Nullable Subset subset,
            @Nullable String endpoint,
            int attempt,
            Candidate[] excluded) {
        this.keyed = keyed;
        this.hash = hash;
        this.preferred = preferred;
        this.call = call;
        this.subset = subset;
        this.endpoint = endpoint;
        this.attempt = attempt;
        this.excludedCount = excluded.length;
        this.excluded = excluded;
    }

    /** A first attempt about which nothing is known. */
    public static PickRequest plain() {
        return PLAIN;
    }

    /** A first attempt with an affinity key: calls with equal keys go to the same instance under an affinity strategy. */
    public static PickRequest ofKey(String key) {
        return ofHash(XxHash64.hash(key));
    }

    /** A first attempt with an affinity key that is hashed already, evenly over all 64 bits. */
    public static PickRequest ofHash(long hash) {
        return new PickRequest(true, hash, null, null, null, null, 0, PLAIN.excluded);
    }

    /** The same, carrying the transport's own request for strategies that look at it (see {@link #call}). */
    public PickRequest withCall(Object value) {
        return new PickRequest(
                keyed, hash, preferred, Objects.requireNonNull(value, "call"), subset, endpoint, attempt, excluded);
    }

    /**
     * The same, to be served by the instance with this id, whatever the strategy would choose: something outside (a
     * store that several processes share, a cookie) knows where the call belongs. If that instance can't take calls,
     * has no room, or is {@linkplain #excludes excluded}, the strategy chooses.
     *
     * @param instanceId as in {@link ServiceInstance#id()}; need not be known to discovery
     */
    public PickRequest preferring(String instanceId) {
        return new PickRequest(
                keyed,
                hash,
                Objects.requireNonNull(instanceId, "instanceId"),
                call,
                subset,
                endpoint,
                attempt,
                excluded);
    }

    /**
     * The same, for an instance of this subset only. Declare it with {@code LoadBalancer.subsets}: in one that was not
     * declared (any more) instances are chosen at random.
     */
    public PickRequest within(Subset value) {
        return new PickRequest(
                keyed, hash, preferred, call, Objects.requireNonNull(value, "subset"), endpoint, attempt, excluded);
    }

    /**
     * The same, as a call to this endpoint: what an instance can do by itself and fail at by itself, such as
     * {@code GET /orders/{id}}. An instance that fails at one endpoint, while it serves others and the others serve
     * that one, then loses the calls to that endpoint only. Without an endpoint, what fails counts for the instance as
     * a whole.
     *
     * @param name one of few: the template of a path, say, and not the path itself, as each endpoint is judged by the
     *     calls to it
     */
    public PickRequest withEndpoint(String name) {
        return new PickRequest(
                keyed, hash, preferred, call, subset, Objects.requireNonNull(name, "endpoint"), attempt, excluded);
    }

    /** The request for one more attempt of the same call, after an attempt on {@code failed}. */
    public PickRequest nextAttempt(Candidate failed) {
        return excluding(Objects.requireNonNull(failed, "failed"), attempt + 1);
    }

    /**
     * The same attempt, to be made elsewhere than on {@code full}, which has as many calls as it may have. A strategy
     * that remembers where calls go doesn't forget it for that: nothing failed.
     */
    public PickRequest avoiding(Candidate full) {
        return excluding(Objects.requireNonNull(full, "full"), attempt);
    }

    private PickRequest excluding(Candidate candidate, int ofAttempt) {
        Candidate[] all = Arrays.copyOf(excluded, excluded.length + 1);
        all[excluded.length] = candidate;
        return new PickRequest(keyed, hash, preferred, call, subset, endpoint, ofAttempt, all);
    }

    /** Whether the call has an affinity key. */
    public boolean hasHash() {
        return keyed;
    }

    /** The affinity key's hash, even over all 64 bits (XXH64 for a text key); 0 if {@link #hasHash()} is false. */
    public long hash() {
        return hash;
    }

    /** The id of the instance that is to serve the call if it can; null if the strategy has a free choice. */
    public @Nullable String preferred() {
        return preferred;
    }

    /** The instances that the call is for; null if any of the service's will do. */
    public @Nullable Subset subset() {
        return subset;
    }

    /** What the call is to do, as {@link #withEndpoint} names it; null if nobody said. */
    public @Nullable String endpoint() {
        return endpoint;
    }

    /** 0 for the first attempt of a call, 1 for the second, and so on. */
    public int attempt() {
        return attempt;
    }

    /** Whether {@code candidate} was tried by an earlier attempt of this call, or has no room for it. */
    public boolean excludes(Candidate candidate) {
        for (Candidate each : excluded) {
            if (each == candidate) {
                return true;
            }
        }
        return false;
    }

    /** How many candidates this request {@linkplain #excludes excludes}. */
    public int excludedCount() {
        return excludedCount;
    }

    /**
     * The transport's own request, if it is of this type: {@code call(okhttp3.Request.class)} under lb-okhttp.
     *
     * @return the request, or null if there is none or it is of another type
     */
    public <T> @Nullable T call(Class<T> type) {
        return type.isInstance(call) ? type.cast(call) : null;
    }

    @Override
    public String toString() {
        return "PickRequest[" + (keyed ? "hash=" + Long.toUnsignedString(hash, 16) : "no key") + ", attempt=" + attempt
                + (preferred == null ? "" : ", preferring " + preferred)
                + (subset == null ? "" : ", within=" + subset)
                + (endpoint == null ? "" : ", endpoint=" + endpoint)
                + (call == null ? "" : ", call=" + call) + "]";
    }
}
