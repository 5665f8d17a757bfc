package io.lb4j.socket;

import io.lb4j.Candidate;
import io.lb4j.Outcome;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.Lease;
import java.io.Closeable;
import java.io.IOException;
import java.net.PortUnreachableException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The datagrams that belong together, and the instance they go to. The channel is connected to the instance and in
 * non-blocking mode. Send and receive by this object, which sees when the flow is in use and what becomes of it.
 * Thread-safe.
 */
public final class DatagramFlow implements Closeable {
    private final UdpFlows owner;
    private final Object key;
    private final DatagramChannel channel;
    private final ServiceInstance instance;
    private final Candidate candidate;

    /** Null once the flow is over. */
    private final AtomicReference<@Nullable Lease> lease;

    private volatile long usedNanos;

    /** Whether a datagram has come. */
    private volatile boolean answered;

    /** Whether it ended by its instance's fault, so that the next flow of the key goes elsewhere. */
    private volatile boolean failed;

    DatagramFlow(UdpFlows owner, Object key, DatagramChannel channel, Lease lease) {
        this.owner = owner;
        this.key = key;
        this.channel = channel;
        this.instance = lease.instance();
        this.candidate = lease.candidate();
        // That datagrams can be sent says nothing of the instance.
        this.lease = new AtomicReference<>(lease.keep(Outcome.IGNORED));
        this.usedNanos = owner.nanos();
    }

    /** Where the flow goes. */
    public ServiceInstance instance() {
        return instance;
    }

    /** The channel, to be registered with a selector. */
    public DatagramChannel channel() {
        return channel;
    }

    /** Whether the flow goes on. */
    public boolean isOpen() {
        return lease.get() != null;
    }

    Object key() {
        return key;
    }

    Candidate candidate() {
        return candidate;
    }

    boolean hasFailed() {
        return failed;
    }

    long usedNanos() {
        return usedNanos;
    }

    /**
     * Sends a datagram.
     *
     * @return whether it was sent; if not, there was no room for it in the system's buffers
     * @throws PortUnreachableException if the instance's host has said that nobody listens there; the flow is then over
     */
    public boolean send(ByteBuffer datagram) throws IOException {
        usedNanos = owner.nanos();
        int length = datagram.remaining();
        try {
            return channel.write(datagram) == length;
        } catch (PortUnreachableException e) {
            fail(Outcome.CONNECT_FAILURE);
            throw e;
        }
    }

    /**
     * Receives a datagram, if there is one. What doesn't fit into the buffer is lost.
     *
     * @return whether there was one
     * @throws PortUnreachableException if the instance's host has said that nobody listens there; the flow is then over
     */
    public boolean receive(ByteBuffer into) throws IOException {
        try {
            // Reads of empty datagrams and of none look alike.
            if (channel.receive(into) == null) {
                return false;
            }
        } catch (PortUnreachableException e) {
            fail(Outcome.CONNECT_FAILURE);
            throw e;
        }
        usedNanos = owner.nanos();
        if (!answered) {
            answered = true;
            succeed();
        }
        return true;
    }

    private void succeed() {
        Lease before = lease.get();
        if (before != null) {
            Lease rest = before.keep(Outcome.SUCCESS);
            if (!lease.compareAndSet(before, rest)) {
                rest.close();
            }
        }
    }

    /**
     * Says that an answer did not come in time: a failure of the instance. The flow is over, and the next one of its key goes to
     * another instance if there is one.
     */
    public void unanswered() throws IOException {
        fail(Outcome.TIMEOUT);
    }

    private void fail(Outcome outcome) throws IOException {
        failed = true;
        end(outcome);
    }

    /** Ends the flow; the next one of its key goes where the strategy says. Idempotent. */
    @Override
    public void close() throws IOException {
        end(Outcome.IGNORED);
    }

    private void end(Outcome outcome) throws IOException {
        Lease last = lease.getAndSet(null);
        if (last != null) {
            last.close(outcome);
            owner.ended(this);
            channel.close();
        }
    }

    @Override
    public String toString() {
        return "DatagramFlow[" + key + " to " + instance.id() + " " + instance.authority() + "]";
    }
}
