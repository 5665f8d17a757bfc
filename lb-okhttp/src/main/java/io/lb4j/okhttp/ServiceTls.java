package io.lb4j.okhttp;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.List;
import java.util.Objects;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * The user's TLS, with two gaps of the JDK filled. The JDK names the server (SNI) only if the name has a dot, so that
 * {@code https://orders/} would arrive without a name. And it finds the session to resume by name and port, which often
 * are the same for all instances of a service, so that round robin would resume none.
 */
final class ServiceTls extends SSLSocketFactory {
    private static final String[] TLS_1_3 = {"TLSv1.3"};

    private final SSLSocketFactory delegate;

    /** In whose name, if not in that of the URL's host. */
    private final @Nullable String serverName;

    private final boolean tls13Only;

    ServiceTls(SSLSocketFactory delegate) {
        this(delegate, null, false);
    }

    ServiceTls(SSLSocketFactory delegate, @Nullable String serverName, boolean tls13Only) {
        this.delegate = delegate;
        this.serverName = serverName;
        this.tls13Only = tls13Only;
    }

    @Override
    public Socket createSocket(Socket socket, String host, int port, boolean autoClose) throws IOException {
        Socket below = socket instanceof InstanceSocket instance ? new SessionSocket(instance) : socket;
        String name = serverName == null ? host : serverName;
        Socket layered = delegate.createSocket(below, name, port, autoClose);
        if (layered instanceof SSLSocket tls) {
            if (tls13Only) {
                // OkHttp narrows this further, and never widens it.
                tls.setEnabledProtocols(TLS_1_3);
            }
            if (Hosts.isSingleLabel(name)) {
                SSLParameters parameters = tls.getSSLParameters();
                parameters.setServerNames(List.of(new SNIHostName(name)));
                tls.setSSLParameters(parameters);
            }
        }
        return layered;
    }

    /** Equal if the user's are: OkHttp shares connections between calls whose TLS is equal. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ServiceTls that
                && that.delegate.equals(delegate)
                && Objects.equals(that.serverName, serverName)
                && that.tls13Only == tls13Only;
    }

    @Override
    public int hashCode() {
        return delegate.hashCode();
    }

    @Override
    public String[] getDefaultCipherSuites() {
        return delegate.getDefaultCipherSuites();
    }

    @Override
    public String[] getSupportedCipherSuites() {
        return delegate.getSupportedCipherSuites();
    }

    @Override
    public Socket createSocket() throws IOException {
        return delegate.createSocket();
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return delegate.createSocket(host, port);
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
        return delegate.createSocket(host, port, localHost, localPort);
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return delegate.createSocket(host, port);
    }

    @Override
    public Socket createSocket(InetAddress address, int port, InetAddress localAddress, int localPort)
            throws IOException {
        return delegate.createSocket(address, port, localAddress, localPort);
    }

    /** Shows TLS a port that differs between instances. The JDK takes it from the socket, not from the argument. */
    private static final class SessionSocket extends DelegatingSocket {
        private final int port;

        SessionSocket(InstanceSocket socket) {
            super(socket);
            this.port = socket.sessionPort();
            socket.layered();
        }

        @Override
        public int getPort() {
            return port;
        }

        /** TLS may ask at any time, and a handshake's next message is not the end of a connection. */
        @Override
        public boolean isClosed() {
            return ((DelegatingSocket) delegate()).delegate().isClosed();
        }

        @Override
        public String toString() {
            return delegate().toString();
        }
    }
}
