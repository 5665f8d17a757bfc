package io.lb4j.server;

import com.sun.net.httpserver.Filter;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsExchange;
import java.io.IOException;
import java.util.Objects;

/**
 * Counts the calls of the JDK's HTTP server and adds a load report to every answer:
 * {@code context.getFilters().add(new LoadReportingFilter(reporter))}. First among the filters of each context that serves
 * calls; not for the one that answers {@linkplain LoadProbeHandler probes}, which are no load.
 *
 * <p>A call lasts until its answer is complete or the exchange is closed, on whatever thread, so that handlers may answer
 * later. It failed if its status is 500 or more, or the handler threw. The report is as of the moment when the headers are
 * sent. For a context with an {@code Authenticator}, which takes no exchange but the server's own, it is as of the
 * arrival, and the call lasts until the handler returns.
 *
 * <p>Thread-safe.
 */
public final class LoadReportingFilter extends Filter {
    private final LoadReporter reporter;

    /** A filter over this reporter, which may serve other filters as well. */
    public LoadReportingFilter(LoadReporter reporter) {
        this.reporter = Objects.requireNonNull(reporter, "reporter");
    }

    @Override
    public void doFilter(HttpExchange exchange, Chain chain) throws IOException {
        LoadReporter.Call call = reporter.start();
        if (exchange.getHttpContext().getAuthenticator() != null) {
            doFilterUnseen(exchange, chain, call);
            return;
        }
        ReportingExchange reporting = new ReportingExchange(exchange, call);
        boolean returned = false;
        try {
            chain.doFilter(
                    exchange instanceof HttpsExchange secure
                            ? new ReportingHttpsExchange(secure, reporting)
                            : reporting);
            returned = true;
        } finally {
            if (!returned) {
                call.end(false);
            }
        }
    }

    private static void doFilterUnseen(HttpExchange exchange, Chain chain, LoadReporter.Call call) throws IOException {
        boolean returned = false;
        try {
            exchange.getResponseHeaders().set(LoadReporter.HEADER, call.header());
            chain.doFilter(exchange);
            returned = true;
        } finally {
            call.end(returned && exchange.getResponseCode() < 500);
        }
    }

    @Override
    public String description() {
        return "counts calls and reports load";
    }
}
