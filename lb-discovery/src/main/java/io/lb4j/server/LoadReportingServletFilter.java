package io.lb4j.server;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Counts the calls of a servlet container and adds a load report to every answer; answers probes too, if it is given a
 * path for them. For {@code jakarta.servlet} 5.0 and later, which the application brings. Map it to everything, before the
 * other filters, with {@code asyncSupported}; the dispatcher types {@code REQUEST} and {@code ERROR} keep the report
 * on error pages as well.
 *
 * <p>A call lasts until its servlet returns or, if that started asynchronous work, until the work is complete. It failed if
 * its status is 500 or more, something was thrown, or its asynchronous work ended with an error. The report is as of the
 * arrival or, if the answer is not asynchronous and still in the container's buffer when the servlet returns, as of then.
 *
 * <p>Thread-safe.
 */
@SuppressWarnings("exports") // passed on, it would have to be there to compile anything that uses this module
public final class LoadReportingServletFilter implements Filter {
    private static final String CALL = LoadReportingServletFilter.class.getName() + ".call";

    private final LoadReporter reporter;
    private final @Nullable String probePath;

    /** A filter over this reporter that answers no probes. */
    public LoadReportingServletFilter(LoadReporter reporter) {
        this.reporter = Objects.requireNonNull(reporter, "reporter");
        this.probePath = null;
    }

    /**
     * A filter over this reporter that answers GET and HEAD of one path itself, with 204 and the report, and doesn't count
     * them.
     *
     * @param probePath within the application, as {@code /load}
     * @throws IllegalArgumentException if it has no leading slash
     */
    public LoadReportingServletFilter(LoadReporter reporter, String probePath) {
        if (!probePath.startsWith("/")) {
            throw new IllegalArgumentException("probePath: '" + probePath + "' (expected: one that begins with /)");
        }
        this.reporter = Objects.requireNonNull(reporter, "reporter");
        this.probePath = probePath;
    }

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        if (!(request instanceof HttpServletRequest http) || !(response instanceof HttpServletResponse answer)) {
            chain.doFilter(request, response);
        } else if (request.getAttribute(CALL) instanceof LoadReporter.Call call) {
            // The container comes again, with the error page or the rest of asynchronous work.
            report(answer, call);
            chain.doFilter(request, response);
        } else if (isProbe(http)) {
            answer.setHeader(LoadReporter.HEADER, reporter.header());
            answer.setHeader("Cache-Control", "no-store");
            answer.setStatus(HttpServletResponse.SC_NO_CONTENT);
        } else {
            count(http, answer, chain);
        }
    }

    private boolean isProbe(HttpServletRequest request) {
        return probePath != null
                && request.getRequestURI().equals(request.getContextPath() + probePath)
                && (request.getMethod().equals("GET") || request.getMethod().equals("HEAD"));
    }

    private void count(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        LoadReporter.Call call = reporter.start();
        Watched watched = new Watched(request, response, call);
        boolean returned = false;
        boolean async = false;
        try {
            request.setAttribute(CALL, call);
            report(response, call);
            chain.doFilter(watched, response);
            // An answer to asynchronous work belongs to whatever thread does that work.
            async = watched.isAsync();
            returned = true;
        } finally {
            try {
                if (!async) {
                    report(response, call);
                }
            } finally {
                if (!async) {
                    call.end(returned && response.getStatus() < 500);
                }
            }
        }
    }

    private static void report(HttpServletResponse response, LoadReporter.Call call) {
        if (!response.isCommitted()) {
            response.setHeader(LoadReporter.HEADER, call.header());
        }
    }

    /** Notes asynchronous work when it starts: when the filter gets to look, it may be over already. */
    private static final class Watched extends HttpServletRequestWrapper {
        private final HttpServletResponse response;
        private final LoadReporter.Call call;

        /** Written by whatever thread starts asynchronous work. */
        private volatile boolean async;

        Watched(HttpServletRequest request, HttpServletResponse response, LoadReporter.Call call) {
            super(request);
            this.response = response;
            this.call = call;
        }

        @Override
        public AsyncContext startAsync() {
            return watched(super.startAsync());
        }

        @Override
        public AsyncContext startAsync(ServletRequest request, ServletResponse answer) {
            return watched(super.startAsync(request, answer));
        }

        private AsyncContext watched(AsyncContext context) {
            if (!async) {
                context.addListener(new Completion(call, response));
                async = true;
            }
            return context;
        }

        /** Whether there is or was asynchronous work, also such as somebody started past this wrapper. */
        boolean isAsync() {
            if (!async && isAsyncStarted()) {
                try {
                    watched(getAsyncContext());
                } catch (IllegalStateException e) {
                    // Another thread has completed it since: there is nothing left to wait for.
                    return false;
                }
            }
            return async;
        }
    }

    /** Ends the call with its asynchronous work. */
    private static final class Completion implements AsyncListener {
        private final LoadReporter.Call call;
        private final HttpServletResponse response;
        private volatile boolean failed;

        Completion(LoadReporter.Call call, HttpServletResponse response) {
            this.call = call;
            this.response = response;
        }

        @Override
        public void onComplete(AsyncEvent event) {
            call.end(!failed && response.getStatus() < 500);
        }

        @Override
        public void onError(AsyncEvent event) {
            failed = true;
        }

        @Override
        public void onTimeout(AsyncEvent event) {
            // Some answer it with a page of their own; if nobody does the container does, with 500.
        }

        @Override
        public void onStartAsync(AsyncEvent event) {
            // Dispatched, and started once more: the container forgets its listeners then.
            event.getAsyncContext().addListener(this);
        }
    }
}
