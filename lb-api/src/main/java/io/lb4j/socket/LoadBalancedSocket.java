package io.lb4j.socket;

import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A socket that becomes one to an instance when it is connected. It is another socket, since the JDK's can't try a
 * second address; what it was told before is told to the socket of each attempt. Once connected, everything is the other one's own.
 */
@SuppressWarnings("UnsynchronizedOverridesSynchronized") // the other socket locks for itself
final class LoadBalancedSocket extends ForwardingSocket {
    /** Makes the connection of a socket. */
    @FunctionalInterface
    interface Route {
        /** See {@link Connector#connect}. */
        Connection connect(
                @Nullable InetSocketAddress source,
                InetSocketAddress asked,
                int timeoutMillis,
                Connector.Transport transport)
                throws IOException;
    }

    private final String target;
    private final Route route;
    private final Object lock = new Object();

    /** Replaced under the lock until connected. */
    private volatile AttachedSocket socket = new AttachedSocket();

    /** What the sockets of further attempts must be told; under the lock. */
    private final List<Setting> settings = new ArrayList<>();

    /** Under the lock. */
    private boolean connecting;

    private volatile @Nullable Connection connection;

    /** Written under the lock. */
    private volatile boolean closed;

    LoadBalancedSocket(String target, Route route) throws SocketException {
        this.target = target;
        this.route = route;
    }

    /** Where it is connected to, also when it is closed by now; null before. */
    @Nullable
    ServiceInstance instance() {
        Connection made = connection;
        return made == null ? null : made.instance();
    }

    boolean isExpired() {
        Connection made = connection;
        return made != null && made.isExpired();
    }

    @Override
    public void connect(SocketAddress endpoint) throws IOException {
        connect(endpoint, 0);
    }

    @Override
    public void connect(SocketAddress endpoint, int timeout) throws IOException {
        if (timeout < 0) {
            throw new IllegalArgumentException("timeout: " + timeout + " (expected: >= 0)");
        }
        if (!(Objects.requireNonNull(endpoint, "endpoint") instanceof InetSocketAddress asked)) {
            throw new IllegalArgumentException("endpoint: " + endpoint + " (expected: an InetSocketAddress)");
        }
        InetSocketAddress source = begin();
        boolean done = false;
        try {
            Attempt attempt = new Attempt();
            Connection made = route.connect(source, asked, timeout, attempt);
            attempt.current.attach(made);
            keep(made);
            made.lookAfter(this, attempt.current);
            done = true;
        } finally {
            synchronized (lock) {
                connecting = false;
            }
            // As any socket that could not be connected.
            if (!done) {
                close();
            }
        }
    }

    /** Returns what the socket is bound to, or null. */
    private @Nullable InetSocketAddress begin() throws SocketException {
        synchronized (lock) {
            checkOpen();
            if (connection != null) {
                throw new SocketException("already connected");
            }
            if (connecting) {
                throw new SocketException("connecting already");
            }
            connecting = true;
            return socket.isBound() ? (InetSocketAddress) socket.getLocalSocketAddress() : null;
        }
    }

    private void keep(Connection made) throws SocketException {
        synchronized (lock) {
            checkOpen();
            connection = made;
            settings.clear();
        }
    }

    private void checkOpen() throws SocketException {
        if (closed) {
            throw new SocketException("Socket is closed");
        }
    }

    /** The attempts of one connect; for the connecting thread. */
    private final class Attempt implements Connector.Transport {
        private AttachedSocket current = socket;
        private boolean isFirst = true;
        private boolean interrupted;

        @Override
        public void connect(InetSocketAddress to, int timeoutMillis) throws IOException {
            if (!isFirst) {
                current = replace();
            }
            isFirst = false;
            try {
                current.connect(to, timeoutMillis);
            } catch (IOException e) {
                // A virtual thread's socket is closed when it is interrupted.
                interrupted = e.getClass() == SocketException.class
                        && Thread.currentThread().isInterrupted();
                throw e;
            }
        }

        @Override
        public boolean isCancelled() {
            return closed || interrupted;
        }
    }

    private AttachedSocket replace() throws IOException {
        AttachedSocket next = new AttachedSocket();
        boolean ready = false;
        try {
            synchronized (lock) {
                checkOpen();
                for (Setting each : settings) {
                    each.applyTo(next);
                }
                socket = next;
            }
            ready = true;
            return next;
        } finally {
            if (!ready) {
                next.close();
            }
        }
    }

    @Override
    public void close() throws IOException {
        AttachedSocket last;
        synchronized (lock) {
            closed = true;
            last = socket;
        }
        last.close();
    }

    @Override
    Socket current() {
        return socket;
    }

    @Override
    void tell(Setting setting) throws IOException {
        synchronized (lock) {
            checkOpen();
            setting.applyTo(socket);
            if (connection == null) {
                settings.add(setting);
            }
        }
    }

    @Override
    public boolean isConnected() {
        return connection != null;
    }

    @Override
    public boolean isClosed() {
        // While attempts fail, their sockets are closed and this one isn't.
        return closed || (connection != null && socket.isClosed());
    }

    @Override
    public String toString() {
        Connection made = connection;
        return "LoadBalancedSocket["
                + (made == null ? "unconnected, for " + target : made + ", localport=" + socket.getLocalPort()) + "]";
    }
}
