package io.lb4j.socket;

import io.lb4j.ServiceInstance;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.SocketChannel;

/**
 * A connected channel and the instance it leads to. The channel is the JDK's own, to be used with selectors as any other.
 * Close this, or the channel, which is noticed within a second. Thread-safe.
 */
public final class LoadBalancedChannel implements Closeable {
    private final SocketChannel channel;
    private final Connection connection;

    LoadBalancedChannel(SocketChannel channel, Connection connection) {
        this.channel = channel;
        this.connection = connection;
    }

    /** The channel; in blocking mode at first, unless it was connected without blocking. */
    public SocketChannel channel() {
        return channel;
    }

    /** Where it leads to. */
    public ServiceInstance instance() {
        return connection.instance();
    }

    /** Whether it has lived long enough; see {@link Lifetime}. */
    public boolean isExpired() {
        return connection.isExpired();
    }

    /**
     * Says that the connection broke, by a reset for instance, and through no fault of this side: a failure of the
     * instance. Closes it.
     */
    public void broke() throws IOException {
        connection.broke();
        channel.close();
    }

    /** Closes the channel. Idempotent. */
    @Override
    public void close() throws IOException {
        try {
            channel.close();
        } finally {
            connection.end();
        }
    }

    @Override
    public String toString() {
        return "LoadBalancedChannel[" + connection + "]";
    }
}
