package io.lb4j.examples.affinity;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.Executors;

/** A server process that notes every call it gets, when, with which key and from which process, so that not even a kill loses a note. */
final class KeyServer {
    private KeyServer() {}

    /** The port, or 0; and the file for the notes. */
    public static void main(String[] args) throws IOException {
        // Unbuffered: what is written is the kernel's, and survives this process.
        OutputStream log = new FileOutputStream(args[1], true);
        HttpServer server = HttpServer.create(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(args[0])), 200);
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.createContext("/", exchange -> {
            String query = exchange.getRequestURI().getQuery();
            String client = exchange.getRequestHeaders().getFirst("X-Process");
            log.write((micros() + " " + query.substring("key=".length()) + " " + client + "\n").getBytes(UTF_8));
            exchange.getRequestBody().readAllBytes();
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        server.start();
        System.out.println("listening on " + server.getAddress().getPort());
    }

    static long micros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }
}
