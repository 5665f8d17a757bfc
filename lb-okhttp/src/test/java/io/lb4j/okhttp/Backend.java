package io.lb4j.okhttp;

import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;
import javax.net.ServerSocketFactory;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;

/** A real server on loopback that answers every request with its name, unless told otherwise. */
final class Backend implements AutoCloseable {
    /** Held, since loggers are not; the server reports every connection that a test breaks. */
    private static final Logger LOG = Logger.getLogger("mockwebserver3");

    private static final Logger HTTP2 = Logger.getLogger("okhttp3");

    static {
        LOG.setLevel(Level.OFF);
        HTTP2.setLevel(Level.OFF);
    }

    private final String name;
    private final Wire wire;
    private final MockWebServer server = new MockWebServer();
    private final List<RecordedRequest> requests = new CopyOnWriteArrayList<>();
    private final AtomicInteger connections = new AtomicInteger();
    private volatile Function<RecordedRequest, MockResponse> answer;

    Backend(String name, Wire wire) {
        this.name = name;
        this.wire = wire;
        this.answer = request -> named(200);
        server.setProtocols(wire.protocols);
        server.setServerSocketFactory(countingSockets());
        if (wire.tls) {
            server.useHttps(Wire.SERVER.sslSocketFactory());
        }
        server.setDispatcher(new Dispatcher() {
            @Override
            public MockResponse dispatch(RecordedRequest request) {
                requests.add(request);
                return answer.apply(request);
            }
        });
        try {
            server.start(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private ServerSocketFactory countingSockets() {
        return new ServerSocketFactory() {
            @Override
            public ServerSocket createServerSocket() throws IOException {
                return new ServerSocket() {
                    @Override
                    public Socket accept() throws IOException {
                        Socket accepted = super.accept();
                        // Or else an answer's body waits 40 ms for its headers to be acknowledged.
                        accepted.setTcpNoDelay(true);
                        connections.incrementAndGet();
                        return accepted;
                    }
                };
            }

            @Override
            public ServerSocket createServerSocket(int port) {
                throw new UnsupportedOperationException();
            }

            @Override
            public ServerSocket createServerSocket(int port, int backlog) {
                throw new UnsupportedOperationException();
            }

            @Override
            public ServerSocket createServerSocket(int port, int backlog, InetAddress address) {
                throw new UnsupportedOperationException();
            }
        };
    }

    /** Connections that were accepted so far. */
    int connections() {
        return connections.get();
    }

    /** This server's name with a status. */
    MockResponse named(int status) {
        return response(status).build();
    }

    MockResponse.Builder response(int status) {
        return new MockResponse.Builder().code(status).body(name).setHeader("Server-Name", name);
    }

    Backend answers(Function<RecordedRequest, MockResponse> value) {
        answer = value;
        return this;
    }

    Backend answers(MockResponse value) {
        return answers(request -> value);
    }

    Backend answersStatus(int status) {
        return answers(named(status));
    }

    List<RecordedRequest> requests() {
        return requests;
    }

    int hits() {
        return requests.size();
    }

    RecordedRequest takeRequest() throws InterruptedException {
        RecordedRequest request = server.takeRequest(5, TimeUnit.SECONDS);
        if (request == null) {
            throw new AssertionError(name + " got no request");
        }
        return request;
    }

    int port() {
        return server.getPort();
    }

    ServiceInstance instance() {
        return ServiceInstance.builder("127.0.0.1", port())
                .id(name)
                .secure(wire.tls)
                .build();
    }

    @Override
    public void close() {
        server.close();
    }
}
