package io.lb4j.socket;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/** The ways to ask for a socket, by way of the one that gives an unconnected one. */
abstract class RoutedSocketFactory extends SocketFactory {
    /** Makes the connection of one of this factory's sockets. */
    abstract Connection connect(
            @Nullable InetSocketAddress source,
            InetSocketAddress asked,
            int timeoutMillis,
            Connector.Transport transport)
            throws IOException;

    /** What sockets are connected to, for people. */
    abstract String target();

    /** An unconnected socket. Options set on it hold for whichever instance it is connected to. */
    @Override
    public final Socket createSocket() throws IOException {
        return new LoadBalancedSocket(target(), this::connect);
    }

    @Override
    public final Socket createSocket(String host, int port) throws IOException {
        return connected(createSocket(), InetSocketAddress.createUnresolved(host, port));
    }

    @Override
    public final Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
        return connected(bound(localHost, localPort), InetSocketAddress.createUnresolved(host, port));
    }

    @Override
    public final Socket createSocket(InetAddress host, int port) throws IOException {
        return connected(createSocket(), new InetSocketAddress(host, port));
    }

    @Override
    public final Socket createSocket(InetAddress address, int port, InetAddress localAddress, int localPort)
            throws IOException {
        return connected(bound(localAddress, localPort), new InetSocketAddress(address, port));
    }

    private Socket bound(@Nullable InetAddress address, int port) throws IOException {
        Socket socket = createSocket();
        boolean done = false;
        try {
            socket.bind(new InetSocketAddress(address, port));
            done = true;
            return socket;
        } finally {
            if (!done) {
                socket.close();
            }
        }
    }

    /** It is closed already if that fails, as the JDK's sockets are. */
    private static Socket connected(Socket socket, InetSocketAddress to) throws IOException {
        socket.connect(to);
        return socket;
    }
}
