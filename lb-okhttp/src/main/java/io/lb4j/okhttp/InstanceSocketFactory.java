package io.lb4j.okhttp;

import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import javax.net.SocketFactory;
import okhttp3.Dns;
import org.jspecify.annotations.Nullable;

/**
 * Makes sockets that connect to one instance whenever they are told to connect to its marker address, and anywhere else
 * as told: proxies and redirects to other hosts pass.
 */
final class InstanceSocketFactory extends SocketFactory {
    private final SocketFactory delegate;
    private final Marker marker;
    private final ServiceInstance instance;
    private final Dns dns;

    /** The service's name if nothing but TLS may be spoken; else null. */
    private final @Nullable String securedHost;

    InstanceSocketFactory(
            SocketFactory delegate, Marker marker, ServiceInstance instance, Dns dns, @Nullable String securedHost) {
        this.delegate = delegate;
        this.marker = marker;
        this.instance = instance;
        this.dns = dns;
        this.securedHost = securedHost;
    }

    @Override
    public Socket createSocket() throws IOException {
        return new InstanceSocket(delegate, marker, instance, dns, securedHost);
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
}
