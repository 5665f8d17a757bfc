package io.lb4j.server;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpContext;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpPrincipal;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/** An exchange that adds the report as its headers are sent, and ends its call when the answer is complete. */
final class ReportingExchange extends HttpExchange {
    private static final long NO_BODY = -1;

    private final HttpExchange exchange;
    private final LoadReporter.Call call;
    private @Nullable OutputStream body;

    ReportingExchange(HttpExchange exchange, LoadReporter.Call call) {
        this.exchange = exchange;
        this.call = call;
    }

    @Override
    public void sendResponseHeaders(int status, long length) throws IOException {
        exchange.getResponseHeaders().set(LoadReporter.HEADER, call.header());
        boolean sent = false;
        try {
            exchange.sendResponseHeaders(status, length);
            sent = true;
        } finally {
            // The server is done with an answer that can't have a body, whatever length the handler gave and even if it
            // closes nothing.
            if (!sent || length == NO_BODY || !canHaveBody(status)) {
                end();
            }
        }
    }

    private boolean canHaveBody(int status) {
        return status >= 200
                && status != 204
                && status != 304
                && !exchange.getRequestMethod().equals("HEAD");
    }

    @Override
    public OutputStream getResponseBody() {
        OutputStream known = body;
        if (known == null) {
            known = new EndingStream(exchange.getResponseBody());
            body = known;
        }
        return known;
    }

    @Override
    public void close() {
        try {
            exchange.close();
        } finally {
            end();
        }
    }

    private void end() {
        int status = exchange.getResponseCode();
        // -1: closed without an answer, which the caller sees as a broken connection.
        call.end(status >= 0 && status < 500);
    }

    @Override
    public Headers getRequestHeaders() {
        return exchange.getRequestHeaders();
    }

    @Override
    public Headers getResponseHeaders() {
        return exchange.getResponseHeaders();
    }

    @Override
    public URI getRequestURI() {
        return exchange.getRequestURI();
    }

    @Override
    public String getRequestMethod() {
        return exchange.getRequestMethod();
    }

    @Override
    public HttpContext getHttpContext() {
        return exchange.getHttpContext();
    }

    @Override
    public InputStream getRequestBody() {
        return exchange.getRequestBody();
    }

    @Override
    public InetSocketAddress getRemoteAddress() {
        return exchange.getRemoteAddress();
    }

    @Override
    public int getResponseCode() {
        return exchange.getResponseCode();
    }

    @Override
    public InetSocketAddress getLocalAddress() {
        return exchange.getLocalAddress();
    }

    @Override
    public String getProtocol() {
        return exchange.getProtocol();
    }

    @Override
    public Object getAttribute(String name) {
        return exchange.getAttribute(name);
    }

    @Override
    public void setAttribute(String name, Object value) {
        exchange.setAttribute(name, value);
    }

    @Override
    public void setStreams(@Nullable InputStream in, @Nullable OutputStream out) {
        exchange.setStreams(in, out);
        // A filter below put its own stream over ours, and closes ours with it.
        body = out == null ? body : out;
    }

    @Override
    public HttpPrincipal getPrincipal() {
        return exchange.getPrincipal();
    }

    @Override
    public String toString() {
        return exchange.toString();
    }

    /** The body of the answer; its end is the end of the call. */
    private final class EndingStream extends FilterOutputStream {
        EndingStream(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int from, int count) throws IOException {
            out.write(bytes, from, count);
        }

        @Override
        public void close() throws IOException {
            try {
                out.close();
            } finally {
                end();
            }
        }
    }
}
