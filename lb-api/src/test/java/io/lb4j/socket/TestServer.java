package io.lb4j.socket;

import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A server on a free port, each connection of which has its thread. */
final class TestServer implements AutoCloseable {
    /** What is done with a connection. */
    interface Handler {
        void handle(Socket socket) throws Exception;
    }

    final String id;
    private final ServerSocket listening;
    private final Handler handler;
    private final Thread acceptor;
    final List<Socket> accepted = new CopyOnWriteArrayList<>();

    TestServer(String id, Handler handler) throws IOException {
        this.id = id;
        this.handler = handler;
        this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        this.acceptor = start(this::accept);
    }

    /** Says its id and returns what it gets. */
    static TestServer echo(String id) throws IOException {
        return new TestServer(id, socket -> {
            socket.getOutputStream().write((id + "\n").getBytes(StandardCharsets.UTF_8));
            socket.getInputStream().transferTo(socket.getOutputStream());
        });
    }

    /** Accepts and says nothing. */
    static TestServer silent(String id) throws IOException {
        return new TestServer(id, socket -> socket.getInputStream().transferTo(System.out));
    }

    /** Accepts and closes. */
    static TestServer hangsUp(String id) throws IOException {
        return new TestServer(id, socket -> {});
    }

    /** Resets at the first byte it gets: before that, it might be the connecting that fails. */
    static TestServer resets(String id) throws IOException {
        return new TestServer(id, socket -> {
            socket.getInputStream().read();
            socket.setSoLinger(true, 0);
        });
    }

    /**
     * An instance that refuses connections, until somebody else gets its port. Nobody has waited there for any: as long
     * as a thread is in the system's accept, the port is open, although its socket is closed.
     */
    static ServiceInstance refusing(String id) throws IOException {
        try (ServerSocket closed = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            return instance(id, closed.getLocalPort());
        }
    }

    private static Thread start(Runnable task) {
        Thread thread = new Thread(task, "test server");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = listening.accept();
                accepted.add(socket);
                Thread unused = start(() -> {
                    try (socket) {
                        handler.handle(socket);
                    } catch (Exception e) {
                        // The test is over, or this is what it wants.
                    }
                });
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    ServiceInstance instance() {
        return instance(id, listening.getLocalPort());
    }

    private static ServiceInstance instance(String id, int port) {
        return ServiceInstance.builder("127.0.0.1", port).id(id).build();
    }

    /** Reads the line that an echo server begins with. */
    static String greeting(Socket socket) throws IOException {
        InputStream input = socket.getInputStream();
        StringBuilder line = new StringBuilder();
        for (int c = input.read(); c != '\n'; c = input.read()) {
            if (c < 0) {
                throw new IOException("ended after '" + line + "'");
            }
            line.append((char) c);
        }
        return line.toString();
    }

    /** As when its process dies: nobody listens any more, and what is connected is reset. */
    void kill() throws IOException {
        stopListening();
        for (Socket each : accepted) {
            try {
                each.setSoLinger(true, 0);
            } catch (SocketException e) {
                // Closed by its own thread, because the client went away.
            }
            each.close();
        }
    }

    /** As long as a thread is in the system's accept, the port is open, although the socket is closed. */
    private void stopListening() throws IOException {
        listening.close();
        try {
            acceptor.join();
        } catch (InterruptedException e) {
            throw new InterruptedIOException("stopped while the port of " + id + " closes");
        }
    }

    @Override
    public void close() throws IOException {
        stopListening();
        for (Socket each : accepted) {
            each.close();
        }
    }
}
