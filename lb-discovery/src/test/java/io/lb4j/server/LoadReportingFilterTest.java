package io.lb4j.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.Authenticator;
import com.sun.net.httpserver.BasicAuthenticator;
import com.sun.net.httpserver.Filter;
import com.sun.net.httpserver.HttpContext;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsServer;
import io.lb4j.LoadReport;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import okhttp3.Credentials;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LoadReportingFilterTest {
    /** Time stands still, or a pause of the machine would take the errors out of the rate before they are looked at. */
    private final LoadReporter reporter = LoadReporter.builder().ticker(() -> 0).build();

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private HttpServer server;
    private OkHttpClient client = new OkHttpClient();

    @AfterEach
    void stop() {
        server.stop(0);
        threads.shutdownNow();
        client.dispatcher().executorService().shutdownNow();
        client.connectionPool().evictAll();
    }

    private HttpContext serve(HttpHandler handler) throws IOException {
        return serve(HttpServer.create(address(), 0), handler);
    }

    private HttpContext serve(HttpServer created, HttpHandler handler) {
        server = created;
        server.setExecutor(threads);
        HttpContext context = server.createContext("/", handler);
        context.getFilters().add(new LoadReportingFilter(reporter));
        server.createContext("/load", new LoadProbeHandler(reporter));
        server.start();
        return context;
    }

    private static InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    private Request.Builder request(String path) {
        String scheme = server instanceof HttpsServer ? "https" : "http";
        return new Request.Builder()
                .url(scheme + "://localhost:" + server.getAddress().getPort() + path);
    }

    private Response ask(String path) throws IOException {
        return client.newCall(request(path).build()).execute();
    }

    private static LoadReport report(Response response) {
        String header = Objects.requireNonNull(response.header("Endpoint-Load-Metrics"));
        assertThat(header).startsWith("TEXT ");
        return LoadReport.parseText(header.substring(5));
    }

    private static void answer(HttpExchange exchange, int status, String text) throws IOException {
        byte[] bytes = text.getBytes(UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        try (OutputStream body = exchange.getResponseBody()) {
            body.write(bytes);
        }
    }

    private void awaitIdle() {
        await().until(() -> reporter.inFlight() == 0);
    }

    @Test
    void answer_ofOneCall_reportsTheOthers() throws Exception {
        CountDownLatch arrived = new CountDownLatch(2);
        CountDownLatch go = new CountDownLatch(1);
        serve(exchange -> {
            if (exchange.getRequestURI().getPath().equals("/slow")) {
                arrived.countDown();
                awaitQuietly(go);
            }
            answer(exchange, 200, "hello");
        });
        Future<?> one = threads.submit(() -> {
            ask("/slow").close();
            return null;
        });
        Future<?> other = threads.submit(() -> {
            ask("/slow").close();
            return null;
        });
        arrived.await();

        try (Response response = ask("/")) {
            assertThat(report(response).inFlight()).isEqualTo(2);
            assertThat(response.body().string()).isEqualTo("hello");
        }
        await().until(() -> reporter.inFlight() == 2);
        try (Response response = ask("/load")) {
            assertThat(response.code()).isEqualTo(204);
            assertThat(response.header("Cache-Control")).isEqualTo("no-store");
            LoadReport report = report(response);
            assertThat(report.inFlight()).isEqualTo(2);
            assertThat(report.latencyNanos()).isNotNaN();
            assertThat(report.rpsFractional()).isPositive();
        }
        go.countDown();
        one.get();
        other.get();
        awaitIdle();
    }

    @Test
    void answers_ofFailingHandlers_countAsErrors() throws Exception {
        serve(exchange -> {
            switch (exchange.getRequestURI().getPath()) {
                case "/500" -> answer(exchange, 500, "sorry");
                case "/404" -> exchange.sendResponseHeaders(404, -1);
                case "/throws" -> throw new IOException("broken");
                default -> exchange.close();
            }
        });

        assertThat(statusAndReport("/500")).isEqualTo(500);
        awaitErrors(1);
        assertThat(statusAndReport("/404")).isEqualTo(404);
        awaitIdle();
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> ask("/throws"));
        awaitErrors(2);
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> ask("/closes"));
        awaitIdle();
    }

    private int statusAndReport(String path) throws IOException {
        try (Response response = ask(path)) {
            assertThat(report(response).inFlight()).isZero();
            return response.code();
        }
    }

    private void awaitErrors(int atLeast) {
        awaitIdle();
        await().until(() -> reporter.report().eps() >= atLeast);
    }

    @Test
    void answers_thatCantHaveABody_endWithTheirHeaders() throws Exception {
        serve(exchange -> {
            switch (exchange.getRequestURI().getPath()) {
                case "/204" -> exchange.sendResponseHeaders(204, 0);
                case "/304" -> exchange.sendResponseHeaders(304, 5);
                default -> exchange.sendResponseHeaders(200, 5);
            }
            // And no close: the server is done with them by itself.
        });

        assertThat(statusAndReport("/204")).isEqualTo(204);
        awaitIdle();
        assertThat(statusAndReport("/304")).isEqualTo(304);
        awaitIdle();
        try (Response response = client.newCall(request("/").head().build()).execute()) {
            assertThat(response.code()).isEqualTo(200);
        }
        awaitIdle();
    }

    @Test
    void handler_thatAnswersLater_isInFlightUntilThen() throws Exception {
        AtomicReference<HttpExchange> parked = new AtomicReference<>();
        CountDownLatch returned = new CountDownLatch(1);
        HttpContext context = serve(parked::set);
        context.getFilters().add(0, new Filter() {
            @Override
            public void doFilter(HttpExchange exchange, Chain chain) throws IOException {
                chain.doFilter(exchange);
                returned.countDown();
            }

            @Override
            public String description() {
                return "tells that the handler returned";
            }
        });
        Future<String> call = threads.submit(() -> {
            try (Response response = ask("/")) {
                return response.body().string();
            }
        });

        returned.await();
        assertThat(reporter.inFlight()).isEqualTo(1);
        HttpExchange exchange = parked.get();
        exchange.sendResponseHeaders(200, 0);
        OutputStream body = exchange.getResponseBody();
        body.write("later".getBytes(UTF_8));
        assertThat(exchange.getResponseBody()).isSameAs(body);
        assertThat(reporter.inFlight()).isEqualTo(1);
        body.close();
        assertThat(reporter.inFlight()).isZero();
        assertThat(call.get()).isEqualTo("later");
    }

    @Test
    void exchange_asHandlersSeeIt_isTheServersOwn() throws Exception {
        AtomicReference<String> seen = new AtomicReference<>();
        HttpContext context = serve(exchange -> {
            exchange.setAttribute("name", "value");
            seen.set(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + exchange.getProtocol() + " "
                    + exchange.getAttribute("name") + " " + exchange.getPrincipal() + " "
                    + exchange.getRequestHeaders().getFirst("X-Header") + " "
                    + new String(exchange.getRequestBody().readAllBytes(), UTF_8) + " "
                    + exchange.getHttpContext().getPath() + " " + exchange.getResponseCode() + " "
                    + exchange.getRemoteAddress().getAddress().isLoopbackAddress() + " "
                    + (exchange.getLocalAddress().getPort()
                            == server.getAddress().getPort()));
            answer(exchange, 200, "quiet");
        });
        // As filters that compress do.
        context.getFilters().add(new Filter() {
            @Override
            public void doFilter(HttpExchange exchange, Chain chain) throws IOException {
                exchange.setStreams(null, new FilterOutputStream(exchange.getResponseBody()) {
                    @Override
                    public void write(int b) throws IOException {
                        out.write(Character.toUpperCase(b));
                    }
                });
                chain.doFilter(exchange);
            }

            @Override
            public String description() {
                return "shouts";
            }
        });
        Request post = request("/path?q=1")
                .header("X-Header", "x")
                .post(RequestBody.create("body", null))
                .build();

        try (Response response = client.newCall(post).execute()) {
            assertThat(response.body().string()).isEqualTo("QUIET");
            report(response);
        }
        assertThat(seen.get()).isEqualTo("POST /path?q=1 HTTP/1.1 value null x body / -1 true true");
        awaitIdle();
    }

    @Test
    void context_withAuthenticator_isCountedToo() throws Exception {
        Authenticator basic = new BasicAuthenticator("realm") {
            @Override
            public boolean checkCredentials(String user, String password) {
                return password.equals("secret");
            }
        };
        HttpContext context = serve(exchange -> {
            assertThat(exchange.getPrincipal().getUsername()).isEqualTo("me");
            answer(exchange, 200, "in");
        });
        context.setAuthenticator(basic);

        try (Response response = ask("/")) {
            assertThat(response.code()).isEqualTo(401);
            assertThat(report(response).inFlight()).isZero();
        }
        try (Response response = client.newCall(request("/")
                        .header("Authorization", Credentials.basic("me", "secret"))
                        .build())
                .execute()) {
            assertThat(response.body().string()).isEqualTo("in");
            report(response);
        }
        awaitIdle();
        assertThat(reporter.report().rpsFractional()).isPositive();
        assertThat(reporter.report().eps()).isZero();
    }

    @Test
    void answers_overTls_reportToo() throws Exception {
        HeldCertificate certificate = new HeldCertificate.Builder()
                .addSubjectAlternativeName("localhost")
                .build();
        HandshakeCertificates own =
                new HandshakeCertificates.Builder().heldCertificate(certificate).build();
        HandshakeCertificates trusting = new HandshakeCertificates.Builder()
                .addTrustedCertificate(certificate.certificate())
                .build();
        client = client.newBuilder()
                .sslSocketFactory(trusting.sslSocketFactory(), trusting.trustManager())
                .build();
        HttpsServer https = HttpsServer.create(address(), 0);
        https.setHttpsConfigurator(new HttpsConfigurator(own.sslContext()));
        AtomicReference<String> seen = new AtomicReference<>();
        serve(https, exchange -> {
            HttpsExchange secure = (HttpsExchange) exchange;
            exchange.setAttribute("name", "value");
            seen.set(secure.getSSLSession().getProtocol().substring(0, 3) + " " + exchange.getRequestMethod() + " "
                    + exchange.getRequestURI() + " " + exchange.getProtocol() + " " + exchange.getAttribute("name")
                    + " "
                    + exchange.getPrincipal() + " "
                    + exchange.getRequestHeaders().containsKey("Host") + " "
                    + exchange.getRequestBody().readAllBytes().length + " "
                    + exchange.getHttpContext().getPath() + " " + exchange.getResponseCode() + " "
                    + exchange.getResponseHeaders().isEmpty() + " "
                    + exchange.getRemoteAddress().getAddress().isLoopbackAddress() + " "
                    + (exchange.getLocalAddress().getPort()
                            == server.getAddress().getPort()));
            exchange.setStreams(null, null);
            answer(exchange, 200, "safe");
            exchange.close();
        });

        try (Response response = ask("/path")) {
            assertThat(response.body().string()).isEqualTo("safe");
            report(response);
        }
        assertThat(seen.get()).isEqualTo("TLS GET /path HTTP/1.1 value null true 0 / -1 true true true");
        awaitIdle();
    }

    @Test
    void probe_byAnotherMethod_isRefused() throws Exception {
        serve(exchange -> answer(exchange, 200, ""));

        try (Response response = client.newCall(request("/load").head().build()).execute()) {
            assertThat(response.code()).isEqualTo(204);
            report(response);
        }
        try (Response response = client.newCall(
                        request("/load").post(RequestBody.create("x", null)).build())
                .execute()) {
            assertThat(response.code()).isEqualTo(405);
            assertThat(response.header("Allow")).isEqualTo("GET, HEAD");
        }
        assertThat(reporter.report().rpsFractional()).as("probes are no load").isZero();
        assertThat(new LoadReportingFilter(reporter).description()).isEqualTo("counts calls and reports load");
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
