package io.lb4j.discovery.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import okhttp3.Headers;
import okhttp3.Request;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class JsonCallsTest {
    private static final Duration LONG = Duration.ofMinutes(1);
    private static final Duration SHORT = Duration.ofMillis(200);
    private static final String STREAM =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

    private ServerSocket server;
    private JsonCalls calls;
    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

    private final JsonCalls.LineHandler lines = new JsonCalls.LineHandler() {
        @Override
        public void line(JsonNode line) {
            heard.add("line " + line);
        }

        @Override
        public void refused(int status, JsonNode body) {
            heard.add("refused " + status + " " + body);
        }

        @Override
        public void ended() {
            heard.add("ended");
        }

        @Override
        public void failed(IOException error) {
            heard.add("failed " + error.getMessage());
        }
    };

    @BeforeEach
    void listen() throws IOException {
        server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        calls = new JsonCalls("test", JsonCalls.url("http://127.0.0.1:" + server.getLocalPort()), r -> {}, null);
    }

    @AfterEach
    void close() throws IOException {
        calls.close();
        server.close();
    }

    private Request.Builder request() {
        return new Request.Builder().url("http://127.0.0.1:" + server.getLocalPort() + "/");
    }

    private String next() throws InterruptedException {
        return heard.poll(30, TimeUnit.SECONDS);
    }

    private static void send(Socket peer, String text) throws IOException {
        OutputStream out = peer.getOutputStream();
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    private static String chunk(String text) {
        return Integer.toHexString(text.length()) + "\r\n" + text + "\r\n";
    }

    @Test
    void stream_linesInAnyPieces_areToldOneByOne() throws Exception {
        calls.stream(request(), LONG, LONG, lines);
        try (Socket peer = server.accept()) {
            send(peer, STREAM + chunk("{\"a\":1}\n{\"a\":"));
            assertThat(next()).isEqualTo("line {\"a\":1}");
            send(peer, chunk("2}\n{\"a\":3}") + "0\r\n\r\n");
            assertThat(next()).isEqualTo("line {\"a\":2}");
            assertThat(next()).isEqualTo("line {\"a\":3}");
            assertThat(next()).isEqualTo("ended");
        }
    }

    @Test
    void stream_silence_failsBeforeAndAfterTheAnswerBegins() throws Exception {
        calls.stream(request(), LONG, SHORT, lines);
        try (Socket mute = server.accept()) {
            assertThat(next()).isEqualTo("failed " + calls + ": no answer in time");
            assertThat(mute.isConnected()).isTrue();
        }

        calls.stream(request(), LONG, SHORT, lines);
        try (Socket peer = server.accept()) {
            send(peer, STREAM + chunk("{}\n"));
            assertThat(next()).isEqualTo("line {}");
            assertThat(next()).isEqualTo("failed " + calls + ": no answer in time");
        }
    }

    @Test
    void stream_brokenRefusedOrGarbage_isSaid() throws Exception {
        calls.stream(request(), LONG, LONG, lines);
        try (Socket peer = server.accept()) {
            send(peer, STREAM + chunk("{}\n"));
            assertThat(next()).isEqualTo("line {}");
        }
        assertThat(next()).startsWith("failed " + calls + ": ");

        calls.stream(request(), LONG, LONG, lines);
        try (Socket peer = server.accept()) {
            send(peer, "HTTP/1.1 410 Gone\r\nContent-Length: 8\r\n\r\n{\"a\":10}");
            assertThat(next()).isEqualTo("refused 410 {\"a\":10}");
        }

        calls.stream(request(), LONG, LONG, lines);
        try (Socket peer = server.accept()) {
            send(peer, STREAM + chunk("<html>\n"));
            assertThat(next()).isEqualTo("failed " + calls + ": sent a line that is not JSON");
        }
    }

    @Test
    void ask_credentialsThatCannotBeRead_failTheRequestAndAreAskedAgain() throws Exception {
        int[] asked = {0};
        try (JsonCalls secret = new JsonCalls(
                "test",
                JsonCalls.url("http://127.0.0.1:" + server.getLocalPort()),
                r -> {
                    if (asked[0]++ == 0) {
                        throw new IOException("token: no such file");
                    }
                    r.header("X-Token", "t" + asked[0]);
                },
                null)) {
            secret.ask(request(), LONG, answers());
            assertThat(next()).isEqualTo("failed " + secret + ": token: no such file");

            secret.ask(request(), LONG, answers());
            try (Socket peer = server.accept()) {
                byte[] head = new byte[1000];
                int length = peer.getInputStream().read(head);
                assertThat(new String(head, 0, length, StandardCharsets.US_ASCII))
                        .contains("X-Token: t2");
                send(peer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                assertThat(next()).isEqualTo("answered 200 ");
            }
        }
    }

    private JsonCalls.Handler answers() {
        return new JsonCalls.Handler() {
            @Override
            public void answered(int status, Headers headers, JsonNode body) {
                heard.add("answered " + status + " " + body);
            }

            @Override
            public void failed(IOException error) {
                heard.add("failed " + error.getMessage());
            }
        };
    }

    @Test
    void url_malformed_isRefused() {
        assertThatThrownBy(() -> JsonCalls.url("127.0.0.1:8500"))
                .hasMessage("registry: 127.0.0.1:8500 (expected: a URL as http://127.0.0.1:8500)");
    }
}
