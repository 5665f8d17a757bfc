package io.lb4j.jmh;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The least HTTP/1.1 server that keeps connections: reads a request without a body, writes the same answer, makes no
 * garbage. In a process of its own, so that what a client costs is all that its process costs.
 */
final class CallServer {
    private static final byte[] ANSWER = ("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n"
                    + "x".repeat(100))
            .getBytes(StandardCharsets.US_ASCII);
    private static final int BACKLOG = 50;

    private CallServer() {}

    /** Listens on as many ports as asked for, prints them, and serves until standard input ends. */
    public static void main(String[] args) throws IOException {
        List<String> ports = new ArrayList<>();
        for (int i = 0; i < Integer.parseInt(args[0]); i++) {
            @SuppressWarnings("resource") // open until the process ends
            ServerSocket listening = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
            ports.add(Integer.toString(listening.getLocalPort()));
            daemon(() -> accept(listening));
        }
        System.out.println(String.join(" ", ports));
        while (System.in.read() >= 0) {
            // The parent writes nothing; the end comes when it closes the pipe, or dies.
        }
    }

    private static void accept(ServerSocket listening) {
        try {
            while (true) {
                Socket socket = listening.accept();
                daemon(() -> serve(socket));
            }
        } catch (IOException e) {
            throw new IllegalStateException("accept on " + listening + " failed", e);
        }
    }

    private static void serve(Socket socket) {
        try (socket) {
            socket.setTcpNoDelay(true);
            InputStream in = socket.getInputStream();
            OutputStream out = socket.getOutputStream();
            byte[] buffer = new byte[4096];
            int newlines = 0;
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                for (int i = 0; i < read; i++) {
                    byte c = buffer[i];
                    newlines = c == '\n' ? newlines + 1 : c == '\r' ? newlines : 0;
                    if (newlines == 2) {
                        out.write(ANSWER);
                        newlines = 0;
                    }
                }
            }
        } catch (IOException e) {
            // The client is gone, which is how every benchmark ends.
            return;
        }
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task, "server");
        thread.setDaemon(true);
        thread.start();
    }

    /** A running server in a process of its own. */
    static final class Remote implements AutoCloseable {
        private final Process process;
        private final int[] ports;

        Remote(int instances) throws IOException {
            process = new ProcessBuilder(
                            ProcessHandle.current().info().command().orElse("java"),
                            "-Xmx64m",
                            "-cp",
                            System.getProperty("java.class.path"),
                            CallServer.class.getName(),
                            Integer.toString(instances))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            String line = process.inputReader(StandardCharsets.US_ASCII).readLine();
            if (line == null) {
                throw new IOException("the server ended before it listened");
            }
            ports = Arrays.stream(line.split(" ")).mapToInt(Integer::parseInt).toArray();
        }

        int[] ports() {
            return ports.clone();
        }

        @Override
        public void close() throws IOException {
            process.getOutputStream().close();
            process.destroy();
        }
    }
}
