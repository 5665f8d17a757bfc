package io.lb4j.okhttp;

import java.net.InetAddress;
import java.net.Socket;
import javax.net.SocketFactory;

/** A user's own socket factory, as far as OkHttp asks it: for sockets that are not connected yet. */
class OwnSockets extends SocketFactory {
    @Override
    public Socket createSocket() {
        return new Socket();
    }

    @Override
    public final Socket createSocket(String host, int port) {
        throw new UnsupportedOperationException();
    }

    @Override
    public final Socket createSocket(String host, int port, InetAddress localHost, int localPort) {
        throw new UnsupportedOperationException();
    }

    @Override
    public final Socket createSocket(InetAddress host, int port) {
        throw new UnsupportedOperationException();
    }

    @Override
    public final Socket createSocket(InetAddress address, int port, InetAddress localAddress, int localPort) {
        throw new UnsupportedOperationException();
    }
}
