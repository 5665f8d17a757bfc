package io.lb4j.server;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.util.Objects;

/**
 * Tells a client that asks how busy this server is: {@code server.createContext("/load", new LoadProbeHandler(reporter))}
 * answers GET and HEAD with 204 and the report in the header. It must not wait behind the calls it reports, so give the
 * server threads to spare: a probe that queues tells the truth too late.
 *
 * <p>Whoever reaches it learns how busy the server is, as with every answer. Thread-safe.
 */
public final class LoadProbeHandler implements HttpHandler {
    private final LoadReporter reporter;

    /** A handler that reports what this reporter counts. */
    public LoadProbeHandler(LoadReporter reporter) {
        this.reporter = Objects.requireNonNull(reporter, "reporter");
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String method = exchange.getRequestMethod();
            if (method.equals("GET") || method.equals("HEAD")) {
                exchange.getResponseHeaders().set(LoadReporter.HEADER, reporter.header());
                exchange.getResponseHeaders().set("Cache-Control", "no-store");
                exchange.sendResponseHeaders(204, -1);
            } else {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                exchange.sendResponseHeaders(405, -1);
            }
        }
    }
}
