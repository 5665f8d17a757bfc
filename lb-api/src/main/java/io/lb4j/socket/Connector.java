package io.lb4j.socket;

import io.lb4j.CannotPickException;
import io.lb4j.NoSuchServiceException;
import io.lb4j.PickRequest;
import io.lb4j.balancer.Lease;
import io.lb4j.balancer.LoadBalancer;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.Channel;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Makes connections to one service; what sockets and channels have in common. Thread-safe. */
final class Connector {
    /** How one attempt is made. */
    interface Transport {
        /**
         * Connects.
         *
         * @throws IOException if the instance is to blame, unless this side {@linkplain #isCancelled gave up}
         */
        void connect(InetSocketAddress to, int timeoutMillis) throws IOException;

        /** Whether this side doesn't want the connection any more, so that nothing is to be learnt of its failure. */
        boolean isCancelled();
    }

    private final LoadBalancer balancer;
    private final ConnectionSettings settings;
    private final long connectNanos;
    private final long attemptNanos;
    private final @Nullable FlowMemory memory;
    private final Upkeep upkeep;

    Connector(LoadBalancer balancer, ConnectionSettings settings) {
        this.balancer = Objects.requireNonNull(balancer, "balancer");
        this.settings = Objects.requireNonNull(settings, "settings");
        this.connectNanos = settings.connectTimeout().toNanos();
        this.attemptNanos = settings.attemptTimeout().toNanos();
        this.memory = settings.rememberedKeys() == 0 ? null : new FlowMemory(settings.rememberedKeys());
        this.upkeep =
                new Upkeep(balancer, settings.lifetime(), settings.ticker(), settings.scheduler(), settings.random());
    }

    String service() {
        return balancer.service();
    }

    PickRequest request(@Nullable InetSocketAddress source, InetSocketAddress destination) {
        PickRequest request = settings.key().request(source, destination);
        if (request == null) {
            throw new IllegalStateException("key: " + settings.key() + " returned null (expected: a request)");
        }
        return request;
    }

    /**
     * Connects to an instance: the one that the strategy picks or, if that fails, another one.
     *
     * @param timeoutMillis for all attempts together; 0 if the caller doesn't say
     */
    Connection connect(PickRequest request, int timeoutMillis, Transport transport) throws IOException {
        Attempts attempts = attempts(request, timeoutMillis);
        try {
            while (true) {
                InetSocketAddress to = attempts.next();
                try {
                    transport.connect(to, attempts.attemptMillis());
                    return attempts.succeed();
                } catch (IOException e) {
                    if (transport.isCancelled()) {
                        throw e;
                    }
                    attempts.fail(e);
                }
            }
        } finally {
            attempts.cancel();
        }
    }

    Attempts attempts(PickRequest request, int timeoutMillis) throws IOException {
        PickRequest first = memory == null ? request : memory.recall(request);
        return new Attempts(
                this, first, timeoutMillis > 0 ? TimeUnit.MILLISECONDS.toNanos(timeoutMillis) : connectNanos);
    }

    long attemptNanos() {
        return attemptNanos;
    }

    Connection made(PickRequest request, Lease lease) {
        if (memory != null) {
            memory.remember(request, lease.instance().id());
        }
        return Connection.made(lease, settings.proof(), this);
    }

    /** Ends the connection when it has lived long enough, and notices if its channel is closed. */
    void lookAfter(Connection made, Closeable handle, Closeable transport) {
        if (settings.lifetime() != null || transport instanceof Channel) {
            upkeep.add(made, handle, transport);
        }
    }

    /** As many as a socket can be told, none of them zero, which would be for ever. */
    static int millis(Duration timeout) {
        if (timeout.compareTo(Duration.ofMillis(1)) < 0) {
            throw new IllegalArgumentException("timeout: " + timeout + " (expected: >= 1 ms)");
        }
        return (int) Math.min(Integer.MAX_VALUE, TimeUnit.MILLISECONDS.convert(timeout));
    }

    /** Waits until something is known of the service, but not for longer than the caller would for a connection. */
    void awaitReady(long limitNanos) throws IOException {
        CompletableFuture<Void> ready = balancer.ready().toCompletableFuture();
        if (ready.isDone()) {
            return;
        }
        try {
            ready.get(limitNanos, TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw late(limitNanos, e);
        } catch (ExecutionException e) {
            // Closed, which acquire() says better.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw interrupted(e);
        }
    }

    private IOException late(long limitNanos, Throwable cause) {
        IOException error = new SocketTimeoutException("service: '" + service()
                + "' (expected: known to discovery within " + TimeUnit.NANOSECONDS.toMillis(limitNanos) + " ms)");
        error.initCause(cause);
        return error;
    }

    private IOException interrupted(Throwable cause) {
        IOException error = new InterruptedIOException("interrupted while waiting for an instance of " + service());
        error.initCause(cause);
        return error;
    }

    /** A lease, or what a caller that knows only sockets makes sense of. */
    Lease acquire(PickRequest request, long maxWaitNanos) throws IOException {
        IOException error;
        RuntimeException cause;
        try {
            return balancer.acquire(request, Duration.ofNanos(Math.max(0, maxWaitNanos)));
        } catch (NoSuchServiceException e) {
            error = new UnknownHostException(e.getMessage());
            cause = e;
        } catch (CannotPickException e) {
            if (e.getCause() instanceof InterruptedException) {
                throw interrupted(e);
            }
            error = new ConnectException(e.getMessage());
            cause = e;
        } catch (IllegalStateException e) {
            error = new SocketException(e.getMessage());
            cause = e;
        }
        error.initCause(cause);
        throw error;
    }

    @Override
    public String toString() {
        return service();
    }
}
