package io.lb4j.discovery.conformance;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Discoveries;
import io.lb4j.discovery.Registration;
import io.lb4j.discovery.RegistryServer;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/** The embedded registry. */
public final class EmbeddedRegistrySource implements RealSource {
    private final HttpClient http = HttpClient.newHttpClient();
    private final int port;
    private RegistryServer server;

    public EmbeddedRegistrySource() throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
    }

    @Override
    public void start() throws IOException {
        server = RegistryServer.builder().port(port).warmUp(Duration.ZERO).start();
    }

    @Override
    public void kill() {
        server.close();
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
        String metadata = instance.metadata().entrySet().stream()
                .map(entry -> "\"" + entry.getKey() + "\":\"" + entry.getValue() + "\"")
                .collect(Collectors.joining(","));
        String zone = instance.zone() == null ? "null" : "\"" + instance.zone() + "\"";
        send(
                "PUT",
                service + "/instances/" + instance.id() + "?ttl=10m&lease=test",
                "{\"host\":\"%s\",\"port\":%d,\"weight\":%s,\"zone\":%s,\"priority\":%d,\"secure\":%b,\"metadata\":{%s}}"
                        .formatted(
                                instance.host(),
                                instance.port(),
                                instance.weight(),
                                zone,
                                instance.priority(),
                                instance.secure(),
                                metadata));
    }

    @Override
    public void remove(String service, String id) throws Exception {
        send("DELETE", service + "/instances/" + id + "?lease=test", "");
    }

    private void send(String method, String path, String body) throws Exception {
        var answer = http.send(
                HttpRequest.newBuilder(URI.create("http://" + address() + "/v1/services/" + path))
                        .method(method, HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IOException(method + " " + path + ": " + answer.statusCode() + " " + answer.body());
        }
    }

    @Override
    public String address() {
        return "127.0.0.1:" + port;
    }

    @Override
    public ServiceDiscovery discovery(String address) {
        return Discoveries.open("registry://" + address + "?waitTime=1s");
    }

    @Override
    public Registration.Builder registration(String address, String service, ServiceInstance instance) {
        return Registration.builder("http://" + address, service, instance);
    }

    @Override
    public void close() {
        server.close();
    }
}
