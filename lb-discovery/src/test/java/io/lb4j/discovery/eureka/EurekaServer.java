package io.lb4j.discovery.eureka;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Registration;
import io.lb4j.discovery.conformance.RealSource;
import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.opentest4j.AssertionFailedError;

/** Spring Cloud's Eureka server as a program of its own, which keeps nothing on disk, with its half minutes turned down. */
public final class EurekaServer implements RealSource {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String MAIN = "io.lb4j.eureka.EurekaServerMain";

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Path output;
    private final List<String> options;
    private final int port;
    private final Set<List<String>> put = ConcurrentHashMap.newKeySet();
    private Process process;

    public EurekaServer(Path directory) throws IOException {
        this(directory, new String[0]);
    }

    /** One with further options of Spring's. */
    EurekaServer(Path directory, String... options) throws IOException {
        this.options = List.of(options);
        try (ServerSocket free = new ServerSocket(0)) {
            this.port = free.getLocalPort();
        }
        this.output = directory.resolve("eureka-" + port + ".log");
    }

    /** What the module eureka-server found, and what it is made of. */
    private static String classPath() throws IOException {
        try {
            Class<?> main = Class.forName(MAIN, false, EurekaServer.class.getClassLoader());
            CodeSource source = main.getProtectionDomain().getCodeSource();
            try (InputStream jars = main.getResourceAsStream("classpath")) {
                if (jars != null) {
                    return Path.of(URI.create(source.getLocation().toString()))
                            + java.io.File.pathSeparator
                            + new String(jars.readAllBytes(), StandardCharsets.UTF_8).strip();
                }
            }
        } catch (ClassNotFoundException e) {
            // Told below.
        }
        throw new AssertionFailedError("no Eureka server (expected: the tests run by Maven, which brings it)");
    }

    @Override
    public void start() throws Exception {
        launch();
        awaitReady();
    }

    void launch() throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx192m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                classPath(),
                MAIN,
                "--server.address=127.0.0.1",
                "--server.port=" + port,
                "--server.tomcat.threads.max=20",
                "--spring.main.banner-mode=off",
                "--spring.main.lazy-initialization=true",
                "--spring.jmx.enabled=false",
                "--eureka.dashboard.enabled=false",
                "--eureka.client.register-with-eureka=false",
                "--eureka.client.fetch-registry=false",
                "--eureka.server.enable-self-preservation=false",
                "--eureka.server.eviction-interval-timer-in-ms=200",
                "--eureka.server.response-cache-update-interval-ms=50",
                // An answer that was made while somebody registered may lack that one until the next registers, or this
                // is over.
                "--eureka.server.response-cache-auto-expiration-in-seconds=1",
                "--eureka.server.retention-time-in-m-s-in-delta-queue=10000",
                "--eureka.server.delta-retention-timer-interval-in-ms=500",
                "--eureka.server.wait-time-in-ms-when-sync-empty=0");
        builder.command().addAll(options);
        process = builder.redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
    }

    void awaitReady() {
        await().atMost(Duration.ofMinutes(2)).until(() -> {
            if (!process.isAlive()) {
                throw new IllegalStateException("Eureka ended: " + Files.readString(output));
            }
            return Files.readString(output).contains("Started EurekaServerMain");
        });
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
        return EnumSet.allOf(Trait.class);
    }

    @Override
    public void put(String service, ServiceInstance instance) throws Exception {
        put.add(List.of(service, instance.id()));
        ObjectNode metadata = JSON.createObjectNode();
        instance.metadata().forEach(metadata::put);
        metadata.put("weight", Double.toString(instance.weight()));
        metadata.put("priority", Integer.toString(instance.priority()));
        if (instance.zone() != null) {
            metadata.put("zone", instance.zone());
        }
        put(service, instance.id(), instance.host(), instance.port(), instance.secure(), metadata.toString());
    }

    void put(String service, String id, String host, int ofInstance, boolean secure, String metadata) throws Exception {
        String body =
                """
                {"instance": {"instanceId": "%s", "hostName": "%s", "ipAddr": "%s", "app": "%s", "status": "UP",
                 "port": {"$": %d, "@enabled": "%s"}, "securePort": {"$": %d, "@enabled": "%s"}, "vipAddress": "%s",
                 "dataCenterInfo": {"@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", "name": "MyOwn"},
                 "leaseInfo": {"renewalIntervalInSecs": 30, "durationInSecs": 600}, "metadata": %s}}
                """.formatted(id, host, host, app(service), ofInstance, !secure, ofInstance, secure, service, metadata);
        expect(204, "POST", "/apps/" + app(service), body);
    }

    private static String app(String service) {
        return service.toUpperCase(Locale.ROOT);
    }

    @Override
    public void remove(String service, String id) throws Exception {
        expect(200, "DELETE", "/apps/" + app(service) + "/" + id, "");
        put.remove(List.of(service, id));
    }

    /** Each is a request of its own; several at a time, since the server's answers are waited for most of the time. */
    @Override
    public void putAll(String service, List<ServiceInstance> instances) throws Exception {
        inLanes(instances, instance -> put(service, instance));
    }

    /** Whatever was put and not removed. */
    public void removeAll() throws Exception {
        inLanes(Set.copyOf(put), each -> {
            send("DELETE", "/apps/" + app(each.get(0)) + "/" + each.get(1), "");
            put.remove(each);
        });
    }

    private interface Step<T> {
        void take(T one) throws Exception;
    }

    private static <T> void inLanes(Collection<T> all, Step<T> step) throws Exception {
        ExecutorService lanes = Executors.newFixedThreadPool(8);
        try {
            List<Callable<Void>> steps = new ArrayList<>();
            for (T one : all) {
                steps.add(() -> {
                    step.take(one);
                    return null;
                });
            }
            for (Future<Void> done : lanes.invokeAll(steps)) {
                done.get();
            }
        } finally {
            lanes.shutdownNow();
        }
    }

    void status(String service, String id, String status) throws Exception {
        expect(200, "PUT", "/apps/" + app(service) + "/" + id + "/status?value=" + status, "");
    }

    /** What it says of one instance; missing if it doesn't know it. */
    JsonNode instance(String service, String id) throws Exception {
        HttpResponse<String> answer = send("GET", "/apps/" + app(service) + "/" + id, "");
        return answer.statusCode() == 200 ? JSON.readTree(answer.body()).path("instance") : JSON.missingNode();
    }

    private void expect(int status, String method, String path, String body) throws Exception {
        HttpResponse<String> answer = send(method, path, body);
        if (answer.statusCode() != status) {
            throw new IOException(method + " " + path + ": " + answer.statusCode() + " " + answer.body());
        }
    }

    private HttpResponse<String> send(String method, String path, String body) throws Exception {
        return http.send(
                HttpRequest.newBuilder(URI.create("http://" + address() + "/eureka" + path))
                        .header("Content-Type", "application/json")
                        .header("Accept", "application/json")
                        .timeout(Duration.ofSeconds(20))
                        .method(method, HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                BodyHandlers.ofString());
    }

    @Override
    public String address() {
        return "127.0.0.1:" + port;
    }

    String url() {
        return "http://" + address();
    }

    /** One that asks often and believes soon, the first address first. */
    static EurekaDiscovery.Builder quick(List<String> addresses) {
        return EurekaDiscovery.builder(
                        addresses.stream().map(each -> "http://" + each).toArray(String[]::new))
                .interval(Duration.ofMillis(100))
                .patience(Duration.ofSeconds(3).multipliedBy(addresses.size()))
                .keepForgotten(Duration.ofSeconds(1))
                .random(new FirstServer());
    }

    @Override
    public ServiceDiscovery discovery(String address) {
        return quick(List.of(address)).build();
    }

    /** As of several. */
    public ServiceDiscovery discovery(List<String> addresses) {
        return quick(addresses).build();
    }

    @Override
    public Registration.Builder registration(String address, String service, ServiceInstance instance) {
        return Registration.builder(EurekaRegistrar.of("http://" + address), service, instance);
    }

    @Override
    public void close() throws Exception {
        if (process != null) {
            kill();
        }
    }
}
