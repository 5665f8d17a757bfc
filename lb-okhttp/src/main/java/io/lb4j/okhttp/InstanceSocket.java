package io.lb4j.okhttp;

import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.SocketFactory;
import okhttp3.Dns;
import org.jspecify.annotations.Nullable;

/** A socket of the user's factory that goes to its instance when told to go to the {@link Marker}. */
final class InstanceSocket extends DelegatingSocket {
    private final SocketFactory factory;
    private final Marker marker;
    private final ServiceInstance instance;
    private final Dns dns;
    private final @Nullable String securedHost;

    /** If the socket is made of a channel; else those of the socket are used as they are. Written by the first to ask. */
    private volatile @Nullable ChannelStreams streams;

    /** Set once, before anything is read. */
    private volatile boolean layered;

    /** Connected to the instance, and not to a host that it redirected to. */
    private volatile boolean atInstance;

    /**
     * A socket that is not connected yet.
     *
     * @param securedHost the service's name if nothing but TLS may be spoken; else null
     */
    InstanceSocket(
            SocketFactory factory, Marker marker, ServiceInstance instance, Dns dns, @Nullable String securedHost)
            throws IOException {
        super(factory.createSocket());
        this.factory = factory;
        this.marker = marker;
        this.instance = instance;
        this.dns = dns;
        this.securedHost = securedHost;
    }

    /** Stands for the instance among TLS sessions; looks like a port, since some will take it for one. */
    int sessionPort() {
        return 1 + Math.floorMod(instance.authority().hashCode(), 65535);
    }

    /** TLS is to be spoken here. */
    void layered() {
        layered = true;
    }

    @Override
    public void connect(SocketAddress endpoint) throws IOException {
        connect(endpoint, 0);
    }

    @Override
    public void connect(SocketAddress endpoint, int timeoutMillis) throws IOException {
        if (endpoint instanceof InetSocketAddress address && marker.is(address.getAddress())) {
            atInstance = true;
            connectToInstance(timeoutMillis);
        } else {
            delegate().connect(endpoint, timeoutMillis);
        }
    }

    private void connectToInstance(int timeoutMillis) throws IOException {
        // A host name is looked up for each connection, so that an instance may move as DNS says.
        List<InetAddress> addresses = dns.lookup(instance.host());
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        IOException failure = null;
        for (InetAddress each : addresses) {
            int left = 0;
            if (timeoutMillis > 0) {
                left = (int) TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (failure != null && left <= 0) {
                    break;
                }
                left = Math.max(1, left);
            }
            if (failure != null) {
                // A socket that failed to connect is closed for good.
                replaceDelegate(factory.createSocket());
            }
            try {
                delegate().connect(new InetSocketAddress(each, instance.port()), left);
                return;
            } catch (IOException e) {
                failure = suppressing(named(e), failure);
                if (isClosedByOwner()) {
                    break;
                }
            }
        }
        throw failure != null
                ? failure
                : new ConnectException("no address for instance " + instance.id() + ", host " + instance.host());
    }

    private @Nullable ChannelStreams streams() throws IOException {
        ChannelStreams known = streams;
        SocketChannel channel = delegate().getChannel();
        if (known == null && channel != null) {
            synchronized (this) {
                known = streams;
                if (known == null) {
                    known = new ChannelStreams(delegate(), channel);
                    streams = known;
                }
            }
        }
        return known;
    }

    @Override
    public InputStream getInputStream() throws IOException {
        ChannelStreams own = streams();
        return own == null ? super.getInputStream() : own.input();
    }

    @Override
    public OutputStream getOutputStream() throws IOException {
        ChannelStreams own = streams();
        OutputStream output = own == null ? super.getOutputStream() : own.output();
        return securedHost == null || !atInstance ? output : new TlsOnlyStream(output, securedHost, this);
    }

    /** Also if the other side has closed it while it was idle: OkHttp asks this before it uses a kept connection. */
    @Override
    public boolean isClosed() {
        ChannelStreams own = streams;
        return super.isClosed() || (own != null && own.hasEnded(layered));
    }

    /** OkHttp's own message names the service and its port only. */
    private IOException named(IOException e) {
        String message = "instance " + instance.id() + " at " + instance.authority() + ": " + e.getMessage();
        IOException named = e instanceof SocketTimeoutException
                ? new SocketTimeoutException(message)
                : e instanceof ConnectException
                        ? new ConnectException(message)
                        : e instanceof SocketException ? new SocketException(message) : new IOException(message);
        named.initCause(e);
        return named;
    }

    private static IOException suppressing(IOException latest, @Nullable IOException earlier) {
        if (earlier != null) {
            latest.addSuppressed(earlier);
        }
        return latest;
    }

    @Override
    public String toString() {
        return "InstanceSocket[" + instance.id() + ", " + delegate() + "]";
    }
}
