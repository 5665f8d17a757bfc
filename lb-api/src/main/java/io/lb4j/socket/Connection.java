package io.lb4j.socket;

import io.lb4j.Outcome;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.Lease;
import java.io.Closeable;
import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What the balancer is told of one connection: that its instance is well, when that is shown, and that the connection is
 * gone, once. Any thread may tell anything at any time. Doesn't know the socket, so that the collector can find that
 * nobody uses it any more.
 */
final class Connection implements Runnable {
    private static final Cleaner ABANDONED = Cleaner.create();

    private final Connector owner;
    private final ServiceInstance instance;

    /** Null once the connection is gone. */
    private final AtomicReference<@Nullable Lease> lease;

    private final Proof proof;

    /** Whether a byte has come, or the connection is all the proof that is asked for. */
    private volatile boolean proved;

    /** Whether a read has given up waiting. */
    private volatile boolean waitedInVain;

    /** Whether it has lived long enough. */
    private volatile boolean expired;

    /** What ends it when its socket is collected; null before there is a socket. */
    private volatile Cleaner.@Nullable Cleanable abandoned;

    private Connection(Lease lease, Proof proof, Connector owner) {
        this.owner = owner;
        this.instance = lease.instance();
        this.lease = new AtomicReference<>(lease);
        this.proof = proof;
    }

    /** For a connection that was just made by the attempt that has this lease. */
    static Connection made(Lease lease, Proof proof, Connector owner) {
        Connection connection = new Connection(lease, proof, owner);
        if (proof == Proof.CONNECT) {
            connection.proved();
        }
        return connection;
    }

    /** Ends it when nobody can use its socket or channel any more, nor close it. */
    void endWith(Object socket) {
        Cleaner.Cleanable registered = ABANDONED.register(socket, this);
        abandoned = registered;
        if (!isOpen()) {
            registered.clean();
        }
    }

    /** See {@link Connector#lookAfter}. */
    void lookAfter(Closeable handle, Closeable transport) {
        owner.lookAfter(this, handle, transport);
    }

    ServiceInstance instance() {
        return instance;
    }

    boolean isWatched() {
        return proof == Proof.ANSWER;
    }

    boolean isExpired() {
        return expired;
    }

    void expire() {
        expired = true;
    }

    boolean isOpen() {
        return lease.get() != null;
    }

    /** A read has brought something. */
    void answered() {
        if (!proved) {
            proved();
        }
    }

    private void proved() {
        proved = true;
        Lease call = lease.get();
        if (call == null) {
            return;
        }
        Lease rest = call.keep(Outcome.SUCCESS);
        if (!lease.compareAndSet(call, rest)) {
            // Closed meanwhile, by somebody who ended the call, or would have if it had not just succeeded.
            rest.close();
        }
    }

    /** The other side has closed its direction. A matter of course, unless it has said nothing before. */
    void hungUp() {
        if (!proved) {
            end(Outcome.TRANSPORT_FAILURE);
        }
    }

    /** A read failed, and not because of this side. */
    void broke() {
        end(Outcome.TRANSPORT_FAILURE);
    }

    /** A read gave up waiting. Whether that is a failure shows in what follows. */
    void waited() {
        waitedInVain = true;
    }

    /** This side has closed, or nobody holds the connection any more. */
    void end() {
        end(waitedInVain && !proved ? Outcome.TIMEOUT : Outcome.IGNORED);
    }

    private void end(Outcome outcome) {
        Lease last = lease.getAndSet(null);
        if (last != null) {
            last.close(outcome);
            // Or the collector would have to look for the socket of every connection that was ever closed.
            Cleaner.Cleanable registered = abandoned;
            if (registered != null) {
                registered.clean();
            }
        }
    }

    @Override
    public void run() {
        end();
    }

    @Override
    public String toString() {
        return instance.id() + " " + instance.authority();
    }
}
