package io.lb4j.okhttp;

import io.lb4j.ServiceInstance;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import javax.net.ServerSocketFactory;

/** A server that does to its connections what a test says, byte for byte; for faults no server library makes. */
final class RawServer implements AutoCloseable {
    /** What happens on one connection; it is closed when this returns. */
    interface Script {
        void run(int connection, Socket socket) throws Exception;
    }

    private final String name;
    private final ServerSocket server;
    private final List<Socket> open = new CopyOnWriteArrayList<>();
    private final AtomicInteger requests = new AtomicInteger();

    RawServer(String name, Function<RawServer, Script> script) {
        this(name, ServerSocketFactory.getDefault(), script);
    }

    RawServer(String name, ServerSocketFactory factory, Function<RawServer, Script> script) {
        this.name = name;
        try {
            server = factory.createServerSocket(0, 50, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Script made = script.apply(this);
        daemon(() -> accept(made));
    }

    private void accept(Script script) {
        for (int i = 0; !server.isClosed(); i++) {
            try {
                Socket socket = server.accept();
                open.add(socket);
                int connection = i;
                daemon(() -> {
                    try (socket) {
                        script.run(connection, socket);
                    } catch (Exception e) {
                        // The client went away, or the test is over.
                    }
                });
            } catch (IOException e) {
                return;
            }
        }
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task, "raw-server");
        thread.setDaemon(true);
        thread.start();
    }

    /** Reads one request's head and, by its Content-Length, its body; counts it. */
    String readRequest(Socket socket) throws IOException {
        InputStream in = socket.getInputStream();
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("closed by the client");
            }
            head.write(next);
        }
        String text = head.toString(StandardCharsets.ISO_8859_1);
        for (String line : text.split("\r\n", -1)) {
            if (line.regionMatches(true, 0, "content-length:", 0, 15)) {
                in.readNBytes(Integer.parseInt(line.substring(15).trim()));
            }
        }
        requests.incrementAndGet();
        return text;
    }

    /** A whole answer that keeps the connection. */
    void answer(Socket socket, String body) throws IOException {
        send(socket, "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
    }

    static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        socket.getOutputStream().flush();
    }

    int requests() {
        return requests.get();
    }

    void counted() {
        requests.incrementAndGet();
    }

    ServiceInstance instance() {
        return ServiceInstance.builder("127.0.0.1", server.getLocalPort())
                .id(name)
                .build();
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : open) {
            socket.close();
        }
    }
}
