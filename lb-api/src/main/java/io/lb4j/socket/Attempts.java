package io.lb4j.socket;

import io.lb4j.Outcome;
import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.Lease;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The attempts of one connection: each instance once, until one accepts or the time is over. For one thread. */
final class Attempts {
    /**
     * The JDK counts the time-out of a connect in whole milliseconds of the wall clock and may so end it up to one early. What was left
     * then began another attempt, which a near instance could even win after the time that was asked for.
     */
    private static final long TOO_LITTLE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    private final Connector connector;
    private final long startNanos;
    private final long limitNanos;
    private PickRequest request;

    /** The attempt in progress. */
    private @Nullable Lease lease;

    /** Made by the first failure. */
    private @Nullable List<String> failed;

    private @Nullable IOException last;

    /** Failures before the last one. */
    private @Nullable List<IOException> earlier;

    /** Whether each failure so far was that time ran out. */
    private boolean onlyLate = true;

    /** @param limitNanos how long they may take together */
    Attempts(Connector connector, PickRequest request, long limitNanos) throws IOException {
        this.connector = connector;
        this.request = request;
        this.startNanos = System.nanoTime();
        this.limitNanos = limitNanos;
        connector.awaitReady(limitNanos);
    }

    private long leftNanos() {
        return limitNanos - (System.nanoTime() - startNanos);
    }

    /**
     * Picks the instance of the next attempt.
     *
     * @throws IOException if there is none left, saying how the earlier ones failed
     */
    InetSocketAddress next() throws IOException {
        while (true) {
            if (last != null && leftNanos() <= TOO_LITTLE_NANOS) {
                throw exhausted();
            }
            Lease picked = last == null ? connector.acquire(request, leftNanos()) : another();
            lease = picked;
            ServiceInstance at = picked.instance();
            InetSocketAddress address = new InetSocketAddress(at.host(), at.port());
            if (!address.isUnresolved()) {
                return address;
            }
            fail(new UnknownHostException("instance host: '" + at.host() + "' (expected: a name that resolves)"));
        }
    }

    private Lease another() throws IOException {
        Lease picked;
        try {
            picked = connector.acquire(request, 0);
        } catch (IOException e) {
            // What is wrong with the instances says more than that there are no others.
            IOException all = exhausted();
            all.addSuppressed(e);
            throw all;
        }
        if (request.excludes(picked.candidate())) {
            picked.close();
            throw exhausted();
        }
        return picked;
    }

    /** How long the attempt may take, at least a millisecond: zero would be for ever. */
    int attemptMillis() {
        long nanos = Math.min(leftNanos(), connector.attemptNanos());
        // Rounded up: what rounding down left over would begin another attempt when the time is over.
        return (int) Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos + 999_999));
    }

    /** The attempt has become a connection. */
    Connection succeed() {
        Lease call = current();
        lease = null;
        return connector.made(request, call);
    }

    /** The attempt has done what there was to do. Returns whose it was. */
    ServiceInstance finish() {
        Lease call = current();
        lease = null;
        call.close(Outcome.SUCCESS);
        return call.instance();
    }

    /** There was no connection; the instance is blamed if the error is of the kind that instances cause. */
    void fail(IOException error) {
        // No port free on this side, or not the address it was to be bound to.
        fail(error, error instanceof BindException ? Outcome.IGNORED : Outcome.CONNECT_FAILURE);
    }

    void fail(IOException error, Outcome outcome) {
        Lease call = current();
        lease = null;
        call.close(outcome);
        note(call.instance(), error);
        request = request.nextAttempt(call.candidate());
    }

    /** There will be no connection, for reasons of this side's. Idempotent. */
    void cancel() {
        Lease call = lease;
        lease = null;
        if (call != null) {
            call.close();
        }
    }

    private Lease current() {
        Lease call = lease;
        if (call == null) {
            throw new IllegalStateException("no attempt is in progress");
        }
        return call;
    }

    private void note(ServiceInstance at, IOException error) {
        if (failed == null) {
            failed = new ArrayList<>();
        }
        failed.add(at.id() + (at.id().equals(at.authority()) ? "" : " " + at.authority()) + ": " + error.getMessage());
        onlyLate &= error instanceof SocketTimeoutException;
        if (last != null) {
            if (earlier == null) {
                earlier = new ArrayList<>();
            }
            earlier.add(last);
        }
        last = error;
    }

    @Override
    public String toString() {
        return connector + (lease == null ? "" : " to " + lease.instance().id());
    }

    IOException exhausted() {
        int count = failed == null ? 0 : failed.size();
        String message = "service: '" + connector.service() + "' (expected: an instance that answers); "
                + count + (count == 1 ? " attempt" : " attempts") + " in "
                + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos) + " ms failed: "
                + (failed == null ? "" : String.join("; ", failed));
        IOException error = onlyLate ? new SocketTimeoutException(message) : new ConnectException(message);
        if (last != null) {
            error.initCause(last);
        }
        if (earlier != null) {
            earlier.forEach(error::addSuppressed);
        }
        return error;
    }
}
