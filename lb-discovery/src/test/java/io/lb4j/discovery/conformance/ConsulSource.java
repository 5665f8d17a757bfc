package io.lb4j.discovery.conformance;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Discoveries;
import io.lb4j.discovery.RealServers;
import io.lb4j.discovery.Registration;
import io.lb4j.discovery.consul.ConsulRegistrar;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** A Consul agent in development mode, which keeps nothing on disk. */
public final class ConsulSource implements RealSource {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient http = HttpClient.newHttpClient();
    private final Path directory;
    private final List<String> more;
    private final String token;
    private final int port = freePort();
    private Process process;

    public ConsulSource(Path directory) {
        this(directory, "");
    }

    /**
     * One with further options.
     *
     * @param token for what is put in from outside; empty for none
     */
    public ConsulSource(Path directory, String token, String... more) {
        this.directory = directory;
        this.token = token;
        this.more = List.of(more);
    }

    private static int freePort() {
        try (ServerSocket free = new ServerSocket(0)) {
            return free.getLocalPort();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void start() throws Exception {
        String program = RealServers.program("consul", "bash .ci/consul").toString();
        Path output = directory.resolve("consul.log");
        ProcessBuilder builder = new ProcessBuilder(
                program,
                "agent",
                "-dev",
                "-bind=127.0.0.1",
                "-client=127.0.0.1",
                "-http-port=" + port,
                "-grpc-port=-1",
                "-dns-port=-1",
                "-serf-lan-port=" + freePort(),
                "-serf-wan-port=-1",
                "-server-port=" + freePort(),
                "-log-level=warn",
                "-disable-host-node-id",
                "-node=n1");
        builder.command().addAll(more);
        process = builder.redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        await().until(() -> {
            if (!process.isAlive()) {
                throw new IllegalStateException("consul ended: " + Files.readString(output));
            }
            return hasLeader();
        });
    }

    private boolean hasLeader() throws InterruptedException {
        try {
            HttpResponse<String> leader = http.send(request("/v1/status/leader").build(), BodyHandlers.ofString());
            return leader.statusCode() == 200 && leader.body().length() > 5 && isServing();
        } catch (IOException e) {
            return false;
        }
    }

    /** A leader that has just been elected refuses writes for a moment. */
    private boolean isServing() throws IOException, InterruptedException {
        return http.send(request("/v1/health/service/consul").build(), BodyHandlers.ofString())
                        .statusCode()
                == 200;
    }

    private HttpRequest.Builder request(String path) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create("http://" + address() + path)).timeout(Duration.ofSeconds(10));
        return token.isEmpty() ? request : request.header("X-Consul-Token", token);
    }

    @Override
    public void kill() throws Exception {
        process.destroyForcibly();
        process.waitFor(10, TimeUnit.SECONDS);
    }

    @Override
    public boolean keepsMemory() {
        return false;
    }

    @Override
    public Set<Trait> traits() {
        return EnumSet.complementOf(EnumSet.of(Trait.UNKNOWN_SERVICE));
    }

    @Override
    public void put(String service, ServiceInstance instance) throws Exception {
        ObjectNode body = JSON.createObjectNode()
                .put("ID", instance.id())
                .put("Name", service)
                .put("Address", instance.host())
                .put("Port", instance.port());
        body.putObject("Weights").put("Passing", (int) instance.weight()).put("Warning", 1);
        ObjectNode meta = body.putObject("Meta");
        instance.metadata().forEach(meta::put);
        if (instance.zone() != null) {
            meta.put("zone", instance.zone());
        }
        if (instance.priority() != 0) {
            meta.put("priority", Integer.toString(instance.priority()));
        }
        if (instance.secure()) {
            meta.put("secure", "true");
        }
        put("/v1/agent/service/register", body.toString());
    }

    @Override
    public void remove(String service, String id) throws Exception {
        put("/v1/agent/service/deregister/" + id, "");
    }

    /** Sends something to the agent. */
    public void put(String path, String body) throws Exception {
        HttpResponse<String> answer = http.send(
                request(path).PUT(HttpRequest.BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IOException("PUT " + path + ": " + answer.statusCode() + " " + answer.body());
        }
    }

    /** Asks the agent something. */
    public String get(String path) throws Exception {
        return http.send(request(path).build(), BodyHandlers.ofString()).body();
    }

    @Override
    public String address() {
        return "127.0.0.1:" + port;
    }

    @Override
    public ServiceDiscovery discovery(String address) {
        return Discoveries.open("consul://" + address + "?waitTime=1s");
    }

    @Override
    public Registration.Builder registration(String address, String service, ServiceInstance instance) {
        return Registration.builder(ConsulRegistrar.of("http://" + address), service, instance);
    }

    @Override
    public String listedId(String id) {
        return "n1/" + id;
    }

    @Override
    public void close() throws Exception {
        if (process != null) {
            kill();
        }
    }
}
