package io.lb4j.discovery.etcd;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.RealServers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A real etcd of one member, changed while it runs as by any other client. */
final class EtcdServer implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient http = HttpClient.newHttpClient();
    private final Path directory;
    private final List<String> options;
    private final int port;
    private final int peerPort;
    private Process process;
    private int lives;
    private String token = "";

    /** Leaves the test out if the program isn't installed. */
    static Path program() {
        return RealServers.program("etcd", "apt-get install --no-install-recommends etcd-server");
    }

    /**
     * One that isn't started.
     *
     * @param options besides those that name addresses and directories
     */
    EtcdServer(Path directory, String... options) throws IOException {
        this.directory = directory;
        this.options = List.of(options);
        try (ServerSocket one = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            this.port = one.getLocalPort();
            this.peerPort = other.getLocalPort();
        }
    }

    String address() {
        return "127.0.0.1:" + port;
    }

    String url() {
        return "http://" + address();
    }

    /** Starts it without memory. */
    void start() {
        lives++;
        token = "";
        startAgain();
    }

    /** Starts it with the memory it had. */
    void startAgain() {
        Path out = directory.resolve("out");
        try {
            process = new ProcessBuilder(command())
                    .redirectErrorStream(true)
                    .redirectOutput(out.toFile())
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        await().pollInterval(Duration.ofMillis(20)).until(() -> {
            if (!process.isAlive()) {
                throw new IllegalStateException("etcd ended: " + Files.readString(out));
            }
            return Files.readString(out).contains("ready to serve client requests")
                    || Files.readString(out).contains("serving client traffic")
                    || Files.readString(out).contains("serving insecure client requests");
        });
    }

    private List<String> command() {
        String peer = "http://127.0.0.1:" + peerPort;
        String client = (options.contains("--cert-file") ? "https://" : "http://") + address();
        List<String> command = new ArrayList<>(List.of(
                program().toString(),
                "--name",
                "t",
                "--data-dir",
                directory.resolve("data-" + lives).toString(),
                "--listen-client-urls",
                client,
                "--advertise-client-urls",
                client,
                "--listen-peer-urls",
                peer,
                "--initial-advertise-peer-urls",
                peer,
                "--initial-cluster",
                "t=" + peer,
                "--unsafe-no-fsync"));
        command.addAll(options);
        return command;
    }

    void kill() {
        process.destroyForcibly();
        try {
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                throw new IllegalStateException("etcd can't be killed");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Asks it, and answers whatever it said. */
    JsonNode ask(String path, String body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url() + "/v3/" + path))
                .POST(HttpRequest.BodyPublishers.ofString(body));
        if (!token.isEmpty()) {
            request.header("Authorization", token);
        }
        try {
            HttpResponse<String> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                throw new IllegalStateException(path + ": " + answer.body());
            }
            return JSON.readTree(answer.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    long put(String key, String value) {
        return ask("kv/put", "{\"key\":\"" + base64(key) + "\",\"value\":\"" + base64(value) + "\"}")
                .path("header")
                .path("revision")
                .asLong();
    }

    void put(String service, ServiceInstance instance) {
        put("/services/" + service + "/" + instance.id(), new String(EtcdKeys.value(instance), StandardCharsets.UTF_8));
    }

    void delete(String key) {
        ask("kv/deleterange", "{\"key\":\"" + base64(key) + "\"}");
    }

    void compact(long revision) {
        ask("kv/compaction", "{\"revision\":\"" + revision + "\",\"physical\":true}");
    }

    /** Wants a login from now on: {@code root} with a password for this test, and {@code app}, who may read and write what begins so. */
    void wantLogin(String password, String prefix) {
        String range = "\"key\":\"" + base64(prefix) + "\",\"range_end\":\""
                + base64(prefix.substring(0, prefix.length() - 1) + (char) (prefix.charAt(prefix.length() - 1) + 1))
                + "\"";
        ask("auth/user/add", "{\"name\":\"root\",\"password\":\"" + password + "\"}");
        ask("auth/role/add", "{\"name\":\"root\"}");
        ask("auth/user/grant", "{\"user\":\"root\",\"role\":\"root\"}");
        ask("auth/user/add", "{\"name\":\"app\",\"password\":\"" + password + "\"}");
        ask("auth/role/add", "{\"name\":\"app\"}");
        ask("auth/role/grant", "{\"name\":\"app\",\"perm\":{\"permType\":\"READWRITE\"," + range + "}}");
        ask("auth/user/grant", "{\"user\":\"app\",\"role\":\"app\"}");
        ask("auth/enable", "{}");
        logIn(password);
    }

    void logIn(String password) {
        token = "";
        token = ask("auth/authenticate", "{\"name\":\"root\",\"password\":\"" + password + "\"}")
                .path("token")
                .asText();
    }

    @Override
    public void close() {
        if (process != null) {
            kill();
        }
    }
}
