package io.lb4j.discovery.conformance;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** Stands between a client and its server, passes everything on, datagrams too, or misbehaves in the server's place. */
final class Relay implements AutoCloseable {
    static final byte[] NONSENSE =
            "\u0000\u0001{]!! \r\n\r\nnot what you expected\n".getBytes(StandardCharsets.US_ASCII);

    private final ServerSocket listener;
    private final DatagramRelay datagrams;
    private final InetSocketAddress target;
    private final Set<Socket> clients = ConcurrentHashMap.newKeySet();
    private final Thread acceptor;
    private final Map<Mode, Integer> met = new ConcurrentHashMap<>();
    private volatile Mode mode = Mode.PASS;

    enum Mode {
        PASS,
        /** Passes on what the server says in small pieces, with pauses. */
        SLOW,
        /** Takes connections and says nothing. */
        MUTE,
        /** Answers what no client understands. */
        GARBAGE,
        /** Ends each connection at once, and has nobody listen for datagrams. */
        CUT
    }

    Relay(String target) throws IOException {
        int colon = target.lastIndexOf(':');
        this.target = new InetSocketAddress(target.substring(0, colon), Integer.parseInt(target.substring(colon + 1)));
        ServerSocket bound = null;
        DatagramRelay same = null;
        for (int attempt = 0; same == null; attempt++) {
            bound = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
            try {
                same = new DatagramRelay(bound.getLocalPort(), this.target, this::count);
            } catch (IOException e) {
                // Another's for datagrams.
                bound.close();
                if (attempt == 20) {
                    throw e;
                }
            }
        }
        this.listener = bound;
        this.datagrams = same;
        this.acceptor = thread(this::accept);
    }

    String address() {
        return "127.0.0.1:" + listener.getLocalPort();
    }

    /** Connections that clients hold at this moment. */
    int open() {
        return clients.size();
    }

    private void count(Mode now) {
        met.merge(now, 1, Integer::sum);
    }

    /** How many connections and datagrams have been treated so; a datagram that nobody listens for isn't known of. */
    int met(Mode value) {
        return met.getOrDefault(value, 0);
    }

    /** From now on; connections that are there end. */
    void mode(Mode value) throws IOException {
        mode = value;
        clients.forEach(Relay::closeQuietly);
        datagrams.mode(value);
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                clients.add(client);
                thread(() -> serve(client));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(Socket client) {
        try (client;
                Socket server = new Socket()) {
            Mode now = mode;
            count(now);
            switch (now) {
                case PASS, SLOW -> {
                    server.connect(target);
                    Thread back = thread(() -> pump(server, client, now == Mode.SLOW));
                    pump(client, server, false);
                    back.join();
                }
                case MUTE -> client.getInputStream().transferTo(OutputStream.nullOutputStream());
                case GARBAGE -> {
                    client.getInputStream().read(new byte[1]);
                    client.getOutputStream().write(NONSENSE);
                }
                case CUT -> {}
            }
        } catch (IOException | InterruptedException e) {
            // The test sees what the client makes of it.
        } finally {
            clients.remove(client);
        }
    }

    private static void pump(Socket from, Socket to, boolean slowly) {
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[slowly ? 50 : 16384];
            for (int read = in.read(buffer); read > 0; read = in.read(buffer)) {
                out.write(buffer, 0, read);
                if (slowly) {
                    TimeUnit.MILLISECONDS.sleep(3);
                }
            }
        } catch (IOException e) {
            // Its end is what matters.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        closeQuietly(from);
        closeQuietly(to);
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // Closed is closed.
        }
    }

    static Thread thread(Runnable task) {
        Thread thread = new Thread(task, "relay");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    @Override
    public void close() throws IOException {
        listener.close();
        datagrams.close();
        clients.forEach(Relay::closeQuietly);
        try {
            acceptor.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
