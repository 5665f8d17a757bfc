package io.lb4j.socket;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A channel that is being connected without blocking. Register {@link #channel()} for {@code OP_CONNECT}, and call {@link #finish} when
 * it is ready. If that attempt failed, there is another channel, which must be registered anew: a channel can't be connected
 * twice. Nobody looks at the clock meanwhile: when an attempt takes too long for you, call {@link #next}. For one thread.
 *
 * <pre>{@code
 * if (key.isConnectable()) {
 *     LoadBalancedChannel connected = connecting.finish();
 *     if (connected != null) {
 *         key.interestOps(SelectionKey.OP_READ);
 *     } else {
 *         connecting.channel().register(selector, SelectionKey.OP_CONNECT, connecting);
 *     }
 * }
 * }</pre>
 */
public final class ConnectingChannel implements Closeable {
    private final LoadBalancedChannels owner;
    private final Attempts attempts;
    private @Nullable SocketChannel channel;
    private boolean over;

    private ConnectingChannel(LoadBalancedChannels owner, Attempts attempts) {
        this.owner = owner;
        this.attempts = attempts;
    }

    static ConnectingChannel start(LoadBalancedChannels owner, Attempts attempts) throws IOException {
        ConnectingChannel connecting = new ConnectingChannel(owner, attempts);
        connecting.begin();
        return connecting;
    }

    /** The channel of the attempt in progress, in non-blocking mode. */
    public SocketChannel channel() {
        return Objects.requireNonNull(channel, "channel");
    }

    /**
     * Ends the attempt in progress if it can be ended, as {@link SocketChannel#finishConnect()}.
     *
     * @return the connected channel; or null if the attempt goes on or has failed, and {@link #channel()} is that of
     *     the one in progress now
     * @throws IOException if it has failed, and there is no other instance to try
     */
    public @Nullable LoadBalancedChannel finish() throws IOException {
        SocketChannel current = current();
        try {
            if (!current.finishConnect()) {
                return null;
            }
        } catch (ClosedChannelException e) {
            // Closed by its user, who should have closed this.
            close();
            throw e;
        } catch (IOException e) {
            failed(e);
            return null;
        }
        over = true;
        return owner.handle(current, attempts.succeed());
    }

    /**
     * Gives up the attempt in progress as too slow, a failure of its instance, and begins another.
     *
     * @throws IOException if there is no other instance to try
     */
    public void next() throws IOException {
        SocketChannel current = current();
        current.close();
        failed(new SocketTimeoutException("given up as too slow"));
    }

    private SocketChannel current() {
        if (over) {
            throw new IllegalStateException(this + " (expected: one that is neither connected, failed nor closed)");
        }
        return channel();
    }

    private void failed(IOException error) throws IOException {
        channel().close();
        attempts.fail(error);
        begin();
    }

    private void begin() throws IOException {
        boolean done = false;
        try {
            while (!done) {
                InetSocketAddress to = attempts.next();
                SocketChannel next = SocketChannel.open();
                channel = next;
                next.configureBlocking(false);
                try {
                    // One that is connected at once is finished as any other: finishConnect() says so again.
                    boolean unused = next.connect(to);
                    done = true;
                } catch (IOException e) {
                    next.close();
                    attempts.fail(e);
                }
            }
        } finally {
            if (!done) {
                close();
            }
        }
    }

    /** Gives up; nobody is blamed. What was connected stays so. Idempotent. */
    @Override
    public void close() throws IOException {
        if (!over) {
            over = true;
            attempts.cancel();
            if (channel != null) {
                channel.close();
            }
        }
    }

    @Override
    public String toString() {
        return "ConnectingChannel[" + attempts + (over ? ", over" : "") + "]";
    }
}
