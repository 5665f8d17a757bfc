package io.lb4j.socket;

import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.LoadBalancer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Makes sockets to the instances of a service. An instance is picked when a socket is connected, and counts the connection as a call in
 * flight until it is closed, so that {@code leastRequest()} is least connections here. If the instance doesn't accept,
 * the others are tried, each once, within the connect time-out; failures to connect are failures of the instance.
 *
 * <pre>{@code
 * SocketFactory sockets = LoadBalancedSocketFactory.of(balancer);
 * Socket socket = sockets.createSocket();
 * socket.connect(InetSocketAddress.createUnresolved("orders", 0), 5_000);
 * }</pre>
 *
 * <p>Host and port that are asked for are ignored ({@link #of}), or the host names the service ({@link #ofServices});
 * neither is looked up. Errors are {@link IOException}s, as callers of sockets expect:
 * {@link UnknownHostException} for a service that is not known, {@link java.net.ConnectException} if no instance can
 * take a connection or none accepted it, {@link java.net.SocketTimeoutException} if all were silent, and
 * {@link java.net.SocketException} if the balancer is closed.
 *
 * <p>A connected socket behaves as the JDK's own, and TLS can be put over it
 * ({@link javax.net.ssl.SSLSocketFactory#createSocket(Socket, String, int, boolean)}, with the service's name as host).
 * A socket that nobody closes is given up when the garbage collector finds it. Thread-safe; the balancer stays the caller's.
 */
public final class LoadBalancedSocketFactory extends RoutedSocketFactory {
    private static final InetSocketAddress ANYTHING = InetSocketAddress.createUnresolved("service", 0);

    /** By service; a single one that serves whatever is asked for is under the empty name. */
    private final Map<String, Connector> connectors;

    private final @Nullable Connector single;

    private LoadBalancedSocketFactory(Map<String, Connector> connectors, @Nullable Connector single) {
        this.connectors = connectors;
        this.single = single;
    }

    /** Sockets to the instances of one service, whatever address they are connected to. */
    public static LoadBalancedSocketFactory of(LoadBalancer balancer) {
        return of(balancer, ConnectionSettings.DEFAULT);
    }

    /** The same with settings. */
    public static LoadBalancedSocketFactory of(LoadBalancer balancer, ConnectionSettings settings) {
        return new LoadBalancedSocketFactory(Map.of(), new Connector(balancer, settings));
    }

    /**
     * Sockets to the instances of the service that is asked for as host; case doesn't matter. Any other host is unknown.
     *
     * @throws IllegalArgumentException if two balancers are for one service
     */
    public static LoadBalancedSocketFactory ofServices(
            Collection<LoadBalancer> balancers, ConnectionSettings settings) {
        Map<String, Connector> connectors = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (LoadBalancer each : balancers) {
            if (connectors.put(each.service(), new Connector(each, settings)) != null) {
                throw new IllegalArgumentException(
                        "balancers: two for '" + each.service() + "' (expected: one for each service)");
            }
        }
        return new LoadBalancedSocketFactory(connectors, null);
    }

    /** The instance a socket of this package is or was connected to; null if it is another socket or never was. */
    public static @Nullable ServiceInstance instanceOf(Socket socket) {
        return socket instanceof LoadBalancedSocket balanced ? balanced.instance() : null;
    }

    /** Whether a socket of this package has lived long enough; see {@link Lifetime}. False for other sockets. */
    public static boolean isExpired(Socket socket) {
        return socket instanceof LoadBalancedSocket balanced && balanced.isExpired();
    }

    private Connector connector(InetSocketAddress asked) throws UnknownHostException {
        if (single != null) {
            return single;
        }
        Connector found = connectors.get(asked.getHostString());
        if (found == null) {
            throw new UnknownHostException("host: '" + asked.getHostString() + "' (expected: one of the services "
                    + connectors.keySet() + ")");
        }
        return found;
    }

    @Override
    Connection connect(
            @Nullable InetSocketAddress source,
            InetSocketAddress asked,
            int timeoutMillis,
            Connector.Transport transport)
            throws IOException {
        Connector connector = connector(asked);
        return connector.connect(connector.request(source, asked), timeoutMillis, transport);
    }

    /** The same on the instance with this id, if it takes connections. */
    Connection connect(
            @Nullable InetSocketAddress source,
            InetSocketAddress asked,
            String preferred,
            int timeoutMillis,
            Connector.Transport transport)
            throws IOException {
        Connector connector = connector(asked);
        PickRequest request = connector.request(source, asked).preferring(preferred);
        return connector.connect(request, timeoutMillis, transport);
    }

    @Override
    String target() {
        return single != null ? single.service() : String.join(", ", connectors.keySet());
    }

    /**
     * A connected socket, picked by this request and no {@linkplain ConnectionSettings#key key}: for programs that
     * know more of a connection than its addresses, such as those that forward others'.
     *
     * @param timeout for all attempts together, at least 1 ms
     * @throws IllegalStateException if this factory is for several services
     */
    public Socket connect(PickRequest request, Duration timeout) throws IOException {
        Objects.requireNonNull(request, "request");
        Connector connector = single;
        if (connector == null) {
            throw new IllegalStateException("factory of " + target() + " (expected: one of a single service)");
        }
        Socket socket = new LoadBalancedSocket(
                target(), (source, asked, millis, transport) -> connector.connect(request, millis, transport));
        socket.connect(ANYTHING, Connector.millis(timeout));
        return socket;
    }

    @Override
    public String toString() {
        return "LoadBalancedSocketFactory[" + target() + "]";
    }
}
