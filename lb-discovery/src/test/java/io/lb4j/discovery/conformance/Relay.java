package io.lb4j.discovery.conformance;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Stands between a client and its server, passes everything on, or misbehaves in the server's place. */
final class Relay implements AutoCloseable {
    private final ServerSocket listener;
    private final InetSocketAddress target;
    private final Set<Socket> clients = ConcurrentHashMap.newKeySet();
    private final Thread acceptor;
    private volatile Mode mode = Mode.PASS;

    enum Mode {
        PASS,
        /** Takes connections and says nothing. */
        MUTE,
        /** Answers what no client understands. */
        GARBAGE,
        /** Ends each connection at once. */
        CUT
    }

    Relay(String target) throws IOException {
        int colon = target.lastIndexOf(':');
        this.target = new InetSocketAddress(target.substring(0, colon), Integer.parseInt(target.substring(colon + 1)));
        this.listener = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
        this.acceptor = thread(this::accept);
    }

    String address() {
        return "127.0.0.1:" + listener.getLocalPort();
    }

    /** Connections that clients hold at this moment. */
    int open() {
        return clients.size();
    }

    /** From now on; connections that are there end. */
    void mode(Mode value) {
        mode = value;
        clients.forEach(Relay::closeQuietly);
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
            switch (mode) {
                case PASS -> {
                    server.connect(target);
                    Thread back = thread(() -> pump(server, client));
                    pump(client, server);
                    back.join();
                }
                case MUTE -> client.getInputStream().transferTo(OutputStream.nullOutputStream());
                case GARBAGE -> {
                    client.getInputStream().read(new byte[1]);
                    client.getOutputStream()
                            .write("\u0000\u0001{]!! \r\n\r\nnot what you expected\n"
                                    .getBytes(StandardCharsets.US_ASCII));
                }
                case CUT -> {}
            }
        } catch (IOException | InterruptedException e) {
            // The test sees what the client makes of it.
        } finally {
            clients.remove(client);
        }
    }

    private static void pump(Socket from, Socket to) {
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[16384];
            for (int read = in.read(buffer); read > 0; read = in.read(buffer)) {
                out.write(buffer, 0, read);
            }
        } catch (IOException e) {
            // Its end is what matters.
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

    private static Thread thread(Runnable task) {
        Thread thread = new Thread(task, "relay");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    @Override
    public void close() throws IOException {
        listener.close();
        clients.forEach(Relay::closeQuietly);
        try {
            acceptor.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
