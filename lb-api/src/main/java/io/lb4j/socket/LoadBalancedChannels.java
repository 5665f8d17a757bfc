package io.lb4j.socket;

import io.lb4j.PickRequest;
import io.lb4j.balancer.LoadBalancer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Makes channels to the instances of a service: picked, counted and tried one after the other as the sockets of a
 * {@link LoadBalancedSocketFactory} are. Thread-safe; the balancer stays the caller's.
 *
 * <p>Of a channel, which is handed out as it is, no resets are seen; {@link LoadBalancedChannel#broke()} tells of one.
 */
public final class LoadBalancedChannels {
    private final Connector connector;

    private LoadBalancedChannels(Connector connector) {
        this.connector = connector;
    }

    /** Channels to the instances of one service. */
    public static LoadBalancedChannels of(LoadBalancer balancer) {
        return of(balancer, ConnectionSettings.DEFAULT);
    }

    /**
     * The same with settings. Their key is not asked, since a request is passed.
     *
     * @throws IllegalArgumentException if they ask for {@link Proof#ANSWER}, since nobody sees what a channel reads
     */
    public static LoadBalancedChannels of(LoadBalancer balancer, ConnectionSettings settings) {
        if (settings.proof() != Proof.CONNECT) {
            throw new IllegalArgumentException("proof: " + settings.proof() + " (expected: CONNECT for channels)");
        }
        return new LoadBalancedChannels(new Connector(balancer, settings));
    }

    /**
     * A connected channel, in blocking mode. Blocks until it is; interrupting the thread ends that.
     *
     * @param timeout for all attempts together, at least 1 ms
     * @throws IOException as {@link LoadBalancedSocketFactory} says
     */
    public LoadBalancedChannel open(PickRequest request, Duration timeout) throws IOException {
        Opening opening = new Opening();
        boolean done = false;
        try {
            Connection made =
                    connector.connect(Objects.requireNonNull(request, "request"), Connector.millis(timeout), opening);
            LoadBalancedChannel result = handle(opening.current(), made);
            done = true;
            return result;
        } finally {
            if (!done) {
                opening.close();
            }
        }
    }

    /**
     * Begins to connect without blocking, except for names of hosts that have to be looked up, and for the first snapshot
     * of a service of which nothing is known yet.
     *
     * @param timeout for all attempts together, as of now; looked at when one of them ends
     * @throws IOException as {@link LoadBalancedSocketFactory} says
     */
    public ConnectingChannel start(PickRequest request, Duration timeout) throws IOException {
        Attempts attempts = connector.attempts(Objects.requireNonNull(request, "request"), Connector.millis(timeout));
        return ConnectingChannel.start(this, attempts);
    }

    LoadBalancedChannel handle(SocketChannel channel, Connection made) {
        LoadBalancedChannel result = new LoadBalancedChannel(channel, made);
        made.lookAfter(result, channel);
        made.endWith(channel);
        return result;
    }

    /** The attempts of one channel in blocking mode. */
    private static final class Opening implements Connector.Transport {
        private @Nullable SocketChannel channel;
        private boolean interrupted;

        @Override
        public void connect(InetSocketAddress to, int timeoutMillis) throws IOException {
            close();
            SocketChannel next = SocketChannel.open();
            channel = next;
            try {
                // The one way to connect a channel with a time-out.
                next.socket().connect(to, timeoutMillis);
            } catch (IOException e) {
                interrupted = e instanceof ClosedByInterruptException;
                throw e;
            }
        }

        @Override
        public boolean isCancelled() {
            return interrupted;
        }

        SocketChannel current() {
            return Objects.requireNonNull(channel, "channel");
        }

        void close() throws IOException {
            if (channel != null) {
                channel.close();
            }
        }
    }

    @Override
    public String toString() {
        return "LoadBalancedChannels[" + connector + "]";
    }
}
