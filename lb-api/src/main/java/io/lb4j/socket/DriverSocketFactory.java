package io.lb4j.socket;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * A socket factory for drivers that are told its class name and make one themselves, such as PostgreSQL's, whose URL then
 * says {@code ?socketFactory=io.lb4j.socket.DriverSocketFactory&socketFactoryArg=orders}:
 *
 * <pre>{@code
 * DriverSocketFactory.register("orders", LoadBalancedSocketFactory.of(balancer));
 * }</pre>
 *
 * <p>Sockets are those of the factory registered under the argument or, for a driver that passes none, under the host
 * that is asked for. It is looked up when a socket is connected.
 *
 * <p>Such drivers make a factory for each connection. If one opens a second socket by it, that is about the first: PostgreSQL's cancels a statement
 * so. While the first is open, further sockets of one factory object therefore go to the same instance,
 * as long as it takes connections. Thread-safe.
 */
public final class DriverSocketFactory extends RoutedSocketFactory {
    private static final Map<String, LoadBalancedSocketFactory> FACTORIES = new ConcurrentHashMap<>();

    /** Null if the host asked for is the name. */
    private final @Nullable String name;

    /** The connection that further ones belong to. */
    private volatile @Nullable Connection first;

    /** For drivers that pass no argument: the host that is asked for is the name of the registration. */
    public DriverSocketFactory() {
        this.name = null;
    }

    /**
     * For drivers that pass an argument.
     *
     * @param name what the factory is registered under
     */
    public DriverSocketFactory(String name) {
        this.name = Objects.requireNonNull(name, "name");
    }

    /** One more without an argument, as drivers ask for that call this method by its name (JNDI's, for LDAP). */
    public static SocketFactory getDefault() {
        return new DriverSocketFactory();
    }

    /** Ends a registration. */
    @FunctionalInterface
    public interface Registration extends AutoCloseable {
        /** Sockets under this name can no longer be connected; those that are stay so. Idempotent. */
        @Override
        void close();
    }

    /**
     * Makes a factory known by a name to every driver in this class loader.
     *
     * @param name what drivers are told
     * @param factory what sockets they get
     * @throws IllegalStateException if there is one of that name
     */
    public static Registration register(String name, LoadBalancedSocketFactory factory) {
        Objects.requireNonNull(name, "name");
        if (FACTORIES.putIfAbsent(name, Objects.requireNonNull(factory, "factory")) != null) {
            throw new IllegalStateException("name: '" + name + "' (expected: one that is not registered)");
        }
        return () -> FACTORIES.remove(name, factory);
    }

    @Override
    Connection connect(
            @Nullable InetSocketAddress source,
            InetSocketAddress asked,
            int timeoutMillis,
            Connector.Transport transport)
            throws IOException {
        String wanted = name != null ? name : asked.getHostString();
        LoadBalancedSocketFactory factory = FACTORIES.get(wanted);
        if (factory == null) {
            throw new UnknownHostException("socket factory: '" + wanted + "' (expected: one that is registered, of "
                    + new TreeSet<>(FACTORIES.keySet()) + ")");
        }
        Connection known = first;
        if (known != null && known.isOpen()) {
            return factory.connect(source, asked, known.instance().id(), timeoutMillis, transport);
        }
        Connection made = factory.connect(source, asked, timeoutMillis, transport);
        first = made;
        return made;
    }

    @Override
    String target() {
        return name == null ? "the service asked for" : name;
    }

    @Override
    public String toString() {
        return "DriverSocketFactory[" + (name == null ? "by host" : name) + "]";
    }
}
