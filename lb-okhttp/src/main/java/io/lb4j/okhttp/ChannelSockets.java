package io.lb4j.okhttp;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import javax.net.SocketFactory;

/**
 * The JDK's ordinary sockets, made of channels: those can be asked whether the other side has closed without waiting,
 * see {@link ChannelStreams}.
 */
final class ChannelSockets extends SocketFactory {
    private static final SocketFactory PLAIN = SocketFactory.getDefault();
    private static final ChannelSockets INSTANCE = new ChannelSockets();

    private ChannelSockets() {}

    /**
     * What to make sockets with for connections that speak HTTP/1.1.
     *
     * @param usual the user's factory, which is kept if it is one of his own
     */
    static SocketFactory insteadOf(SocketFactory usual) {
        // A channel knows nothing of the SOCKS proxy that the JDK's other sockets find in this property.
        return usual == PLAIN && System.getProperty("socksProxyHost") == null ? INSTANCE : usual;
    }

    @Override
    public Socket createSocket() throws IOException {
        return SocketChannel.open().socket();
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return PLAIN.createSocket(host, port);
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
        return PLAIN.createSocket(host, port, localHost, localPort);
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return PLAIN.createSocket(host, port);
    }

    @Override
    public Socket createSocket(InetAddress address, int port, InetAddress localAddress, int localPort)
            throws IOException {
        return PLAIN.createSocket(address, port, localAddress, localPort);
    }
}
