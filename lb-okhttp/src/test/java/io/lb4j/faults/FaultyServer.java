package io.lb4j.faults;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.Semaphore;

/**
 * A server process that misbehaves on command. Arguments: its name, address, port and log. Commands come line by line on
 * standard input: {@code ok}, {@code delay MILLIS}, {@code error PERCENT}, {@code rst}, {@code half-close},
 * {@code garbage}, {@code work MILLIS} (so many calls at a time as it has workers, while the others wait); a delay stays,
 * of good answers only. It ends when its input does, so that it can't outlive the run.
 */
final class FaultyServer {
    /** How many calls it works on at a time when it is told to. */
    static final int WORKERS = 2;

    private final String name;
    private final FileOutputStream log;
    private final Semaphore workers = new Semaphore(WORKERS, true);
    private final Random random;
    private volatile String mode = "ok";
    private volatile int argument;
    private volatile int delayMillis;

    private FaultyServer(String name, FileOutputStream log) {
        this.name = name;
        this.log = log;
        // Not the same for all: what failed here would then fail elsewhere, too.
        this.random = new Random(name.hashCode());
    }

    public static void main(String[] args) throws IOException {
        try (ServerSocket listening = new ServerSocket();
                FileOutputStream log = new FileOutputStream(args[3], true)) {
            listening.bind(new InetSocketAddress(args[1], Integer.parseInt(args[2])), 256);
            FaultyServer server = new FaultyServer(args[0], log);
            daemon(() -> server.accept(listening));
            BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = commands.readLine(); line != null; line = commands.readLine()) {
                String[] words = line.split(" ", -1);
                int argument = words.length > 1 ? Integer.parseInt(words[1]) : 0;
                if (words[0].equals("delay")) {
                    server.delayMillis = argument;
                } else {
                    server.argument = argument;
                    server.mode = words[0];
                }
            }
        }
    }

    static void daemon(Runnable task) {
        Thread thread = new Thread(task, "faulty");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept(ServerSocket listening) {
        while (true) {
            try {
                Socket socket = listening.accept();
                socket.setTcpNoDelay(true);
                daemon(() -> serve(socket));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            OutputStream out = socket.getOutputStream();
            while (answer(socket, in, out)) {
                // Until one side has had enough.
            }
        } catch (IOException | InterruptedException e) {
            // The client went away.
        }
    }

    private boolean answer(Socket socket, InputStream in, OutputStream out) throws IOException, InterruptedException {
        String request = line(in);
        if (request.isEmpty()) {
            return false;
        }
        String id = "-";
        int length = 0;
        for (String header = line(in); !header.isEmpty(); header = line(in)) {
            if (header.regionMatches(true, 0, "x-call-id: ", 0, 11)) {
                id = header.substring(11);
            } else if (header.regionMatches(true, 0, "content-length: ", 0, 16)) {
                length = Integer.parseInt(header.substring(16));
            }
        }
        in.readNBytes(length);
        String behaviour = mode;
        int status = behaviour.equals("error") && random.nextInt(100) < argument ? 500 : 200;
        log(id, request.substring(0, request.indexOf(' ')), status);
        switch (behaviour) {
            case "rst" -> {
                write(out, head(200, 1000) + "half a body");
                socket.setSoLinger(true, 0);
                return false;
            }
            case "half-close" -> {
                write(out, head(200, 1000) + "half a body");
                socket.shutdownOutput();
                return in.read() >= 0;
            }
            case "garbage" -> {
                write(out, "\u0000\u0001 this is not HTTP\r\n\r\n");
                return false;
            }
            case "work" -> {
                workers.acquire();
                try {
                    Thread.sleep(argument);
                } finally {
                    workers.release();
                }
            }
            default -> {
                if (status == 200) {
                    Thread.sleep(delayMillis);
                }
            }
        }
        write(out, head(status, name.length()) + name);
        return true;
    }

    private static String head(int status, int length) {
        return "HTTP/1.1 " + status + " -\r\nContent-Length: " + length + "\r\n\r\n";
    }

    private void log(String id, String method, int status) throws IOException {
        long now = System.currentTimeMillis();
        String line =
                now / 1000 + "." + String.format("%03d", now % 1000) + " " + id + " " + method + " " + status + "\n";
        // One write, straight to the kernel: what was processed stays written down if the process is killed.
        synchronized (log) {
            log.write(line.getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    private static void write(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
    }

    /** The next line; empty at the end. */
    private static String line(InputStream in) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
            if (next != '\r') {
                text.append((char) next);
            }
        }
        return text.toString();
    }
}
