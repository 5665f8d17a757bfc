package io.lb4j.okhttp;

import io.lb4j.ServiceInstance;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A server of HTTP/1.1 that can be restarted on its port, as nginx restarts (it listens no more, closes its idle
 * connections at once and the others with their answer) or as if it were killed. Counts how often each id was processed.
 */
final class RestartingServer implements AutoCloseable {
    private static final Pattern ID = Pattern.compile("(?im)^X-Id: (.*?)\r?$");
    private static final Pattern LENGTH = Pattern.compile("(?im)^Content-Length: (\\d+)\r?$");

    private final Map<String, AtomicInteger> processed;
    private final Set<Connection> open = ConcurrentHashMap.newKeySet();
    private final int port;
    private volatile ServerSocket listener;
    private volatile Thread acceptor;
    private volatile boolean stopping;

    RestartingServer(Map<String, AtomicInteger> processed) throws IOException {
        this.processed = processed;
        this.listener = listen(0);
        this.port = listener.getLocalPort();
    }

    private ServerSocket listen(int at) throws IOException {
        ServerSocket socket = new ServerSocket();
        socket.setReuseAddress(true);
        socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), at), 100);
        acceptor = daemon(() -> {
            while (true) {
                try {
                    Connection connection = new Connection(socket.accept());
                    open.add(connection);
                    var unused = daemon(connection);
                } catch (IOException e) {
                    return;
                }
            }
        });
        return socket;
    }

    ServiceInstance instance(String id) {
        return ServiceInstance.builder("127.0.0.1", port).id(id).build();
    }

    void stopGracefully() throws IOException {
        stopping = true;
        stopListening();
        for (Connection each : open) {
            each.closeIfIdle();
        }
    }

    void kill() throws IOException {
        stopListening();
        for (Connection each : open) {
            each.reset();
        }
        open.clear();
    }

    /** As long as a thread is in the system's accept, the port is open, although the socket is closed. */
    private void stopListening() throws IOException {
        listener.close();
        try {
            acceptor.join();
        } catch (InterruptedException e) {
            throw new InterruptedIOException("stopped while port " + port + " closes");
        }
    }

    void start() throws IOException {
        stopping = false;
        listener = listen(port);
    }

    @Override
    public void close() throws IOException {
        kill();
    }

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "restarting-server");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private final class Connection implements Runnable {
        private final Socket socket;
        private boolean busy;

        Connection(Socket socket) {
            this.socket = socket;
        }

        synchronized void closeIfIdle() throws IOException {
            if (!busy) {
                socket.close();
            }
        }

        void reset() throws IOException {
            try {
                socket.setSoLinger(true, 0);
            } catch (SocketException e) {
                // Closed by its own thread meanwhile, because the client went away.
            }
            socket.close();
        }

        private synchronized void setBusy(boolean value) {
            busy = value;
        }

        @Override
        public void run() {
            try (socket) {
                InputStream in = new BufferedInputStream(socket.getInputStream());
                boolean last = false;
                while (!last) {
                    String head = head(in);
                    Matcher length = LENGTH.matcher(head);
                    if (length.find()) {
                        in.readNBytes(Integer.parseInt(length.group(1)));
                    }
                    Matcher id = ID.matcher(head);
                    if (id.find()) {
                        processed
                                .computeIfAbsent(id.group(1), each -> new AtomicInteger())
                                .incrementAndGet();
                    }
                    Thread.sleep(2);
                    last = stopping;
                    RawServer.send(
                            socket,
                            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + (last ? "Connection: close\r\n" : "")
                                    + "\r\nok");
                    setBusy(false);
                    last |= stopping;
                }
            } catch (IOException | InterruptedException e) {
                // The client went away, or this server is to go.
            } finally {
                open.remove(this);
            }
        }

        private String head(InputStream in) throws IOException {
            ByteArrayOutputStream head = new ByteArrayOutputStream();
            int matched = 0;
            while (matched < 4) {
                int next = in.read();
                if (next < 0) {
                    throw new IOException("closed by the client");
                }
                setBusy(true);
                head.write(next);
                matched = next == "\r\n\r\n".charAt(matched) ? matched + 1 : next == '\r' ? 1 : 0;
            }
            return head.toString(StandardCharsets.ISO_8859_1);
        }
    }
}
