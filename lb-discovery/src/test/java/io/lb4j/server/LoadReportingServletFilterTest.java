package io.lb4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import io.lb4j.LoadReport;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.EnumSet;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.eclipse.jetty.ee10.servlet.FilterHolder;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Over a real container and real sockets. */
class LoadReportingServletFilterTest {
    /** Time stands still, or a pause of the machine would take the errors out of the rate before they are looked at. */
    private final LoadReporter reporter = LoadReporter.builder().ticker(() -> 0).build();

    private final OkHttpClient client = new OkHttpClient();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final BlockingQueue<AsyncContext> parked = new LinkedBlockingQueue<>();
    private final CountDownLatch arrived = new CountDownLatch(1);
    private final CountDownLatch go = new CountDownLatch(1);
    private final Server server = new Server();
    private final ServerConnector connector = new ServerConnector(server, 1, 1);

    @BeforeEach
    void start() throws Exception {
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        ServletContextHandler context = new ServletContextHandler("/app");
        FilterHolder filter = new FilterHolder(new LoadReportingServletFilter(reporter, "/load"));
        filter.setAsyncSupported(true);
        context.addFilter(filter, "/*", EnumSet.of(DispatcherType.REQUEST, DispatcherType.ERROR, DispatcherType.ASYNC));
        ServletHolder servlet = new ServletHolder(new Scripted());
        servlet.setAsyncSupported(true);
        context.addServlet(servlet, "/*");
        server.setHandler(context);
        server.start();
    }

    @AfterEach
    void stop() throws Exception {
        go.countDown();
        server.stop();
        threads.shutdownNow();
        client.dispatcher().executorService().shutdownNow();
        client.connectionPool().evictAll();
    }

    /** Does what the path says. */
    private final class Scripted extends HttpServlet {
        private static final long serialVersionUID = 1;

        @Override
        protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
            if (request.getDispatcherType() == DispatcherType.ASYNC && request.getAttribute("again") == null) {
                response.getWriter().print("dispatched");
                return;
            }
            switch (request.getPathInfo()) {
                case "/slow" -> {
                    arrived.countDown();
                    awaitQuietly(go);
                    response.getWriter().print("slow");
                }
                case "/500" -> response.sendError(500);
                case "/404" -> response.setStatus(404);
                case "/throws" -> throw new IllegalStateException("broken");
                case "/flushed" -> {
                    response.getWriter().print("flushed");
                    response.flushBuffer();
                }
                case "/async" -> parked.add(request.startAsync());
                case "/asyncWrapped" -> parked.add(request.startAsync(request, response));
                case "/asyncShort" -> {
                    AsyncContext context = request.startAsync();
                    context.setTimeout(50);
                    parked.add(context);
                }
                case "/asyncAtOnce" -> request.startAsync().complete();
                case "/asyncTwice" -> {
                    boolean again = request.getAttribute("again") != null;
                    request.setAttribute("again", again ? null : "yes");
                    parked.add(request.startAsync());
                }
                default -> response.getWriter().print("hello");
            }
        }
    }

    private Request.Builder request(String path) {
        return new Request.Builder().url("http://127.0.0.1:" + connector.getLocalPort() + "/app" + path);
    }

    private Response ask(String path) throws IOException {
        return client.newCall(request(path).build()).execute();
    }

    private Future<String> askLater(String path) {
        return threads.submit(() -> {
            try (Response response = ask(path)) {
                report(response);
                return response.code() + " " + response.body().string();
            }
        });
    }

    private AsyncContext takeParked() throws InterruptedException {
        return Objects.requireNonNull(parked.poll(5, TimeUnit.SECONDS));
    }

    private static LoadReport report(Response response) {
        assertThat(response.headers("Endpoint-Load-Metrics")).hasSize(1);
        return LoadReport.parseText(
                Objects.requireNonNull(response.header("Endpoint-Load-Metrics")).substring("TEXT ".length()));
    }

    private void awaitIdle() {
        await().until(() -> reporter.inFlight() == 0);
    }

    private void awaitError() {
        await().until(() -> errors() > 0);
    }

    private double errors() {
        awaitIdle();
        return reporter.report().eps();
    }

    @Test
    void answer_andProbe_reportTheOthers() throws Exception {
        Future<String> slow = askLater("/slow");
        arrived.await();

        try (Response response = ask("/")) {
            assertThat(report(response).inFlight()).isEqualTo(1);
            assertThat(response.body().string()).isEqualTo("hello");
        }
        await().until(() -> reporter.inFlight() == 1);
        try (Response response = ask("/load?x=1")) {
            assertThat(response.code()).isEqualTo(204);
            LoadReport report = report(response);
            assertThat(report.inFlight()).isEqualTo(1);
            assertThat(report.latencyNanos()).isNotNaN();
        }
        try (Response response = client.newCall(
                        request("/load").post(RequestBody.create("x", null)).build())
                .execute()) {
            assertThat(response.code()).as("a POST is for the application").isEqualTo(200);
        }
        go.countDown();
        assertThat(slow.get()).isEqualTo("200 slow");
        awaitIdle();
    }

    @Test
    void answers_ofEveryKind_areReportedAndCounted() throws Exception {
        assertThat(status("/404")).isEqualTo(404);
        assertThat(status("/flushed")).isEqualTo(200);
        assertThat(errors()).isZero();
        assertThat(status("/500")).isEqualTo(500);
        awaitError();
    }

    @Test
    void answer_ofAServletThatThrows_isAnErrorAndReportsToo() throws Exception {
        assertThat(status("/throws")).isEqualTo(500);
        awaitError();
    }

    private int status(String path) throws IOException {
        try (Response response = ask(path)) {
            assertThat(report(response).inFlight()).isZero();
            return response.code();
        }
    }

    @Test
    void asyncWork_untilItIsComplete_isInFlight() throws Exception {
        for (String path : new String[] {"/async", "/asyncWrapped"}) {
            Future<String> call = askLater(path);
            AsyncContext context = takeParked();
            assertThat(reporter.inFlight()).isEqualTo(1);
            context.getResponse().getWriter().print("later");
            context.complete();
            assertThat(call.get()).isEqualTo("200 later");
            awaitIdle();
        }
        assertThat(status("/asyncAtOnce")).isEqualTo(200);
        assertThat(errors()).isZero();
        assertThat(reporter.report().rpsFractional()).isPositive();
    }

    @Test
    void asyncWork_dispatched_isInFlightUntilTheEnd() throws Exception {
        Future<String> call = askLater("/async");
        takeParked().dispatch();
        assertThat(call.get()).isEqualTo("200 dispatched");
        awaitIdle();

        Future<String> twice = askLater("/asyncTwice");
        takeParked().dispatch();
        AsyncContext second = takeParked();
        assertThat(reporter.inFlight()).isEqualTo(1);
        second.getResponse().getWriter().print("twice");
        second.complete();
        assertThat(twice.get()).isEqualTo("200 twice");
        assertThat(errors()).isZero();
    }

    @Test
    void asyncWork_timedOut_isAnError() throws Exception {
        Future<String> call = askLater("/asyncShort");
        takeParked();

        assertThat(call.get()).startsWith("500 ");
        awaitError();
    }

    @Test
    void asyncWork_failedStatus_isAnError() throws Exception {
        Future<String> call = askLater("/async");
        AsyncContext context = takeParked();
        ((HttpServletResponse) context.getResponse()).setStatus(503);
        context.complete();

        assertThat(call.get()).startsWith("503 ");
        awaitError();
    }

    @Test
    void filter_withoutProbePath_leavesItToTheApplication() {
        assertThat(new LoadReportingServletFilter(reporter)).isNotNull();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LoadReportingServletFilter(reporter, "load"))
                .withMessage("probePath: 'load' (expected: one that begins with /)");
    }

    @Test
    void asyncWork_completedWhileTheFilterLooks_isOver() throws Exception {
        HttpServletRequest request = answering(HttpServletRequest.class, method -> switch (method) {
            case "isAsyncStarted" -> true;
            case "getAsyncContext" -> throw new IllegalStateException("completed");
            default -> null;
        });
        HttpServletResponse response =
                answering(HttpServletResponse.class, method -> method.equals("isCommitted") ? true : 200);
        new LoadReportingServletFilter(reporter).doFilter(request, response, (asked, answer) -> {});
        assertThat(reporter.inFlight()).isZero();
    }

    @Test
    void call_whoseReportCannotBeSet_endsAllTheSame() {
        HttpServletRequest request =
                answering(HttpServletRequest.class, method -> method.equals("isAsyncStarted") ? false : null);
        HttpServletResponse response = answering(HttpServletResponse.class, method -> {
            if (method.equals("getStatus")) {
                return 200;
            }
            throw new IllegalStateException("recycled");
        });
        assertThatIllegalStateException()
                .isThrownBy(() ->
                        new LoadReportingServletFilter(reporter).doFilter(request, response, (asked, answer) -> {}));
        assertThat(reporter.inFlight()).isZero();
    }

    private static <T> T answering(Class<T> type, Function<String, @Nullable Object> answers) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> answers.apply(method.getName())));
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
