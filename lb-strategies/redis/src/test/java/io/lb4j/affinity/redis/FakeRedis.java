package io.lb4j.affinity.redis;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** Speaks as much of Redis' protocol as a client needs to connect, and answers scripts with whatever a test likes. */
final class FakeRedis implements AutoCloseable {
    private final ServerSocket listener;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final Function<String, String> answers;

    /**
     * A server.
     *
     * @param answers the bytes to send for a command's name; null sends none, and the empty text hangs up
     */
    FakeRedis(Function<String, String> answers) throws IOException {
        this.answers = answers;
        this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        daemon(this::accept);
    }

    String uri() {
        return "redis://127.0.0.1:" + listener.getLocalPort();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                open.add(socket);
                daemon(() -> serve(socket));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            while (true) {
                int count = Integer.parseInt(line(in).substring(1));
                String name = "";
                for (int i = 0; i < count; i++) {
                    byte[] argument = in.readNBytes(Integer.parseInt(line(in).substring(1)));
                    line(in);
                    if (i == 0) {
                        name = new String(argument, StandardCharsets.UTF_8).toUpperCase(Locale.ROOT);
                    }
                }
                String answer = switch (name) {
                    case "HELLO" -> "-ERR unknown command 'HELLO'\r\n";
                    case "PING" -> "+PONG\r\n";
                    case "CLIENT" -> "+OK\r\n";
                    default -> answers.apply(name);
                };
                if (answer != null) {
                    if (answer.isEmpty()) {
                        return;
                    }
                    socket.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
                }
            }
        } catch (IOException | RuntimeException e) {
            // The client has gone, or says what no client says.
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new IOException("closed by the client");
            }
            line.append((char) next);
        }
        return line.toString().trim();
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task, "fake-redis");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : open) {
            socket.close();
        }
    }
}
