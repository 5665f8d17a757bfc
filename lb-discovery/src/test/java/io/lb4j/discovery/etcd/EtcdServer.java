package io.lb4j.discovery.etcd;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.RealServers;
import io.lb4j.discovery.Registration;
import io.lb4j.discovery.conformance.RealSource;
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
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** A real etcd, alone or a member of a cluster, changed while it runs as by any other client. */
public final class EtcdServer implements RealSource, AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** What this server knows of itself, before it is started. */
    private record Identity(String name, int port, int peerPort) {
        static Identity free(String name) {
            try (ServerSocket one = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                    ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                return new Identity(name, one.getLocalPort(), other.getLocalPort());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        String peer() {
            return "http://127.0.0.1:" + peerPort;
        }
    }

    private final HttpClient http = HttpClient.newHttpClient();
    private final Path directory;
    private final Identity self;
    private final String members;
    private final List<String> options;
    private Process process;
    private int lives;
    private String token = "";

    /** Leaves the test out if the program isn't installed. */
    static Path program() {
        return RealServers.program("etcd", "apt-get install --no-install-recommends etcd-server");
    }

    /**
     * One alone that isn't started. It is elected at once, and grants leases of one second.
     *
     * @param options besides those that name addresses and directories
     */
    public EtcdServer(Path directory, String... options) {
        this(directory, Identity.free("t"), "", 20, List.of(options));
    }

    private EtcdServer(Path directory, Identity self, String members, int heartbeatMillis, List<String> options) {
        this.directory = directory;
        this.self = self;
        this.members = members.isEmpty() ? self.name + "=" + self.peer() : members;
        this.options = new ArrayList<>(options);
        this.options.add("--heartbeat-interval=" + heartbeatMillis);
        this.options.add("--election-timeout=" + 10 * heartbeatMillis);
    }

    /** A cluster that runs. */
    static List<EtcdServer> cluster(Path directory, int size) {
        program();
        List<Identity> identities = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            identities.add(Identity.free("m" + i));
        }
        String members =
                identities.stream().map(each -> each.name + "=" + each.peer()).collect(Collectors.joining(","));
        List<EtcdServer> cluster = new ArrayList<>();
        try {
            for (Identity each : identities) {
                EtcdServer member = new EtcdServer(directory, each, members, 50, List.of());
                cluster.add(member);
                member.launch();
            }
            cluster.forEach(EtcdServer::awaitReady);
        } catch (RuntimeException | Error e) {
            cluster.forEach(EtcdServer::close);
            throw e;
        }
        return cluster;
    }

    @Override
    public String address() {
        return "127.0.0.1:" + self.port;
    }

    String url() {
        return "http://" + address();
    }

    /** Starts it without memory. */
    void startEmpty() {
        lives++;
        token = "";
        start();
    }

    @Override
    public boolean keepsMemory() {
        return true;
    }

    @Override
    public void start() {
        launch();
        awaitReady();
    }

    private Path output() {
        return directory.resolve(self.name + ".out");
    }

    private void launch() {
        try {
            process = new ProcessBuilder(command())
                    .redirectErrorStream(true)
                    .redirectOutput(output().toFile())
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void awaitReady() {
        await().pollInterval(Duration.ofMillis(10)).until(() -> {
            String said = Files.readString(output());
            if (!process.isAlive()) {
                throw new IllegalStateException("etcd ended: " + said);
            }
            return said.contains("ready to serve client requests")
                    || said.contains("serving client traffic")
                    || said.contains("serving insecure client requests");
        });
    }

    private List<String> command() {
        String client = (options.contains("--cert-file") ? "https://" : "http://") + address();
        List<String> command = new ArrayList<>(List.of(
                program().toString(),
                "--name",
                self.name,
                "--data-dir",
                directory.resolve("data-" + self.name + "-" + lives).toString(),
                "--listen-client-urls",
                client,
                "--advertise-client-urls",
                client,
                "--listen-peer-urls",
                self.peer(),
                "--initial-advertise-peer-urls",
                self.peer(),
                "--initial-cluster",
                members,
                "--unsafe-no-fsync"));
        command.addAll(options);
        return command;
    }

    @Override
    public void kill() {
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

    @Override
    public Set<Trait> traits() {
        return EnumSet.allOf(Trait.class);
    }

    @Override
    public ServiceDiscovery discovery(String address) {
        return discovery(List.of(address));
    }

    /** One that asks several members, the first one first. */
    public ServiceDiscovery discovery(List<String> addresses) {
        return EtcdDiscovery.builder(
                        addresses.stream().map(each -> "http://" + each).toArray(String[]::new))
                .waitTime(Duration.ofSeconds(1))
                .margin(Duration.ofSeconds(2))
                .random(new FirstMember())
                .build();
    }

    @Override
    public Registration.Builder registration(String address, String service, ServiceInstance instance) {
        return Registration.builder(EtcdRegistrar.of("http://" + address), service, instance);
    }

    /** Asks it, and answers whatever it said. */
    JsonNode ask(String path, String body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url() + "/v3/" + path))
                .POST(HttpRequest.BodyPublishers.ofString(body));
        if (!token.isEmpty()) {
            request.header("Authorization", token);
        }
        try {
            return JSON.readTree(send(request));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String send(HttpRequest.Builder request) {
        HttpRequest asked = request.timeout(Duration.ofSeconds(20)).build();
        try {
            HttpResponse<String> answer = http.send(asked, HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                throw new IllegalStateException(asked.uri() + ": " + answer.body());
            }
            return answer.body();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** How often it was asked for keys, by whomever, since it started. */
    int reads() {
        String count = send(HttpRequest.newBuilder(URI.create(url() + "/metrics")))
                .lines()
                .filter(line -> line.startsWith("grpc_server_started_total") && line.contains("\"Range\""))
                .findFirst()
                .orElseThrow();
        return (int) Double.parseDouble(count.substring(count.lastIndexOf(' ') + 1));
    }

    /** Whether it is the one that leads its cluster. */
    boolean isLeader() {
        JsonNode status = ask("maintenance/status", "{}");
        return status.path("leader")
                .asText()
                .equals(status.path("header").path("member_id").asText());
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

    @Override
    public void put(String service, ServiceInstance instance) {
        put("/services/" + service + "/" + instance.id(), new String(EtcdKeys.value(instance), StandardCharsets.UTF_8));
    }

    @Override
    public void remove(String service, String id) {
        delete("/services/" + service + "/" + id);
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
