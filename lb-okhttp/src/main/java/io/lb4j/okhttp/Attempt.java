package io.lb4j.okhttp;

import io.lb4j.Outcome;
import io.lb4j.balancer.Lease;
import java.io.IOException;
import java.lang.ref.Cleaner;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.SocketTimeoutException;
import java.time.Duration;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * One attempt of a call on one instance: watches how far it gets and ends its lease exactly once, when the body of the
 * answer is closed or when it fails. The one listener that a balanced call adds to itself.
 *
 * <p>Most fields are written and read on the thread that makes the call, or handed over by OkHttp's own queues.
 */
final class Attempt extends CallLink {
    /** On the JDK's own thread: one made here would hold the class loader of this library, or of its first caller. */
    private static final Cleaner LEAKS = Cleaner.create();

    final Service service;
    final Endpoint endpoint;
    final Lease lease;
    private Cleaner.@Nullable Cleanable leak;

    /** Another thread may have to cancel it. */
    private volatile @Nullable Call child;

    private final Call outer;

    boolean connecting;
    boolean acquired;
    boolean headersStarted;

    /** The attempt followed a redirect to another host: what happens there is not about this instance. */
    boolean left;

    /** Where OkHttp was about to go next, if it was. */
    @Nullable
    Request followUp;

    /** Whether it was a stranger that sent it there: a host that the instance had redirected to. */
    boolean followUpByStranger;

    /** A further attempt's call ends, body and all, before its answer can be judged if there is no body. */
    private volatile boolean ended;

    /** Set by whoever lets another attempt win, before it cancels. */
    private volatile @Nullable Outcome lost;

    /** Set by the timer, before it cancels. */
    volatile boolean timedOut;

    /** Nanoseconds at which it began, if the call has a time-out; else 0. */
    long startNanos;

    /** Nanoseconds that the whole call may take, or 0. */
    long callNanos;

    /** What the headers said; null before. */
    private volatile @Nullable Outcome answer;

    /** The connection speaks another protocol since; written before {@link #answer}. */
    private boolean upgraded;

    Attempt(Call call, Service service, Endpoint endpoint, Lease lease) {
        super(call);
        this.outer = call;
        this.service = service;
        this.endpoint = endpoint;
        this.lease = lease;
    }

    /** Says which call carries the attempt, if it is not the one it was made for. */
    void carriedBy(Call own) {
        child = own;
        if (lost != null) {
            own.cancel();
        }
    }

    /** The call that carries it. */
    Call carrier() {
        Call own = child;
        return own == null ? outer : own;
    }

    boolean isCanceled() {
        return carrier().isCanceled();
    }

    /** Ends it, as another instance answered first; only for one that is a call of its own. */
    void lose(Outcome outcome) {
        lost = outcome;
        Call own = child;
        if (own != null) {
            own.cancel();
        }
    }

    /** What having lost means for the instance; null if it has not. */
    @Nullable
    Outcome lost() {
        return lost;
    }

    /**
     * The answer is about to be the caller's. One that is never closed is never reported by OkHttp either; when nobody
     * can close it any more, the instance must not look busy for ever.
     */
    void handedOut() {
        if (!ended) {
            leak = LEAKS.register(this, new Leak(lease, endpoint));
        }
    }

    /**
     * The headers came; the outcome counts when the body is closed.
     *
     * @param toOther whether the instance agreed to speak another protocol
     */
    void answered(Outcome outcome, boolean toOther) {
        upgraded = toOther;
        answer = outcome;
        if (ended) {
            finish(outcome);
        }
    }

    /** Ends the attempt now; only the first end counts. */
    void finish(Outcome outcome) {
        if (lease.close(outcome)) {
            Cleaner.Cleanable registered = leak;
            if (registered != null) {
                registered.clean();
            }
            endpoint.released();
        }
    }

    /**
     * The instance announced its end on a connection that it had kept. Its other idle ones are about to be closed, and a
     * request that meets that is lost.
     */
    void saysGoodbye() {
        lease.draining();
        endpoint.evictIdle();
    }

    boolean reused() {
        return acquired && !connecting;
    }

    @Override
    public void connectStart(Call call, InetSocketAddress address, Proxy proxy) {
        connecting = true;
    }

    @Override
    public void connectionAcquired(Call call, Connection connection) {
        acquired = true;
    }

    @Override
    public void requestHeadersStart(Call call) {
        headersStarted = true;
    }

    @Override
    public void followUpDecision(Call call, Response response, @Nullable Request next) {
        if (next != null) {
            service.learnSession(this, response);
            followUp = next;
            followUpByStranger = left;
            left = !next.url().host().equals(service.host());
        }
    }

    @Override
    public void callEnd(Call call) {
        Outcome outcome = answerOrEnded();
        if (outcome != null) {
            finish(outcome);
        }
    }

    @Override
    public void callFailed(Call call, IOException e) {
        Outcome outcome = answerOrEnded();
        if (outcome != null) {
            // A WebSocket that both sides closed in order ends like this as well, if our goodbye was still being
            // written.
            finish(upgraded ? outcome : Failures.ofBody(this, e, outcome));
        }
    }

    /** Noted before looking again: the other half of a duplex call may end while this one is being judged. */
    private @Nullable Outcome answerOrEnded() {
        if (answer == null) {
            ended = true;
        }
        return answer;
    }

    /** Nothing more comes of this attempt. */
    void over() {
        Outcome outcome = answer;
        finish(outcome == null ? Outcome.IGNORED : outcome);
    }

    /** Whether the call's own time ran out, and mostly here. */
    boolean usedUpCall() {
        long total = callNanos;
        return total > 0 && System.nanoTime() - startNanos >= total / 2;
    }

    void startClock(long totalNanos) {
        if (totalNanos > 0) {
            callNanos = totalNanos;
            startNanos = System.nanoTime();
        }
    }

    /** The error of an attempt that its own timer cancelled. */
    IOException timeout(IOException cause, @Nullable Duration limit) {
        SocketTimeoutException error = new SocketTimeoutException("attempt on instance "
                + lease.instance().id() + " of service " + service.host() + ": no answer within "
                + limit + " (attemptTimeout)");
        error.initCause(cause);
        return error;
    }

    private record Leak(Lease lease, Endpoint endpoint) implements Runnable {
        @Override
        public void run() {
            if (lease.close(Outcome.IGNORED)) {
                endpoint.released();
            }
        }
    }
}
