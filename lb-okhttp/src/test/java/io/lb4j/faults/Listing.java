package io.lb4j.faults;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.RegistryDiscovery;
import io.lb4j.discovery.RegistryServer;
import io.lb4j.testing.ManualDiscovery;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/** Where the balanced client learns which instances there are. */
interface Listing extends AutoCloseable {
    ServiceDiscovery discovery();

    /** What it says from now on. */
    void list(List<ServiceInstance> instances) throws IOException;

    @Override
    void close();

    /** Says what it is told to, in this process. */
    static Listing manual() {
        ManualDiscovery discovery = new ManualDiscovery();
        return new Listing() {
            @Override
            public ServiceDiscovery discovery() {
                return discovery;
            }

            @Override
            public void list(List<ServiceInstance> instances) {
                discovery.set("orders", instances);
            }

            @Override
            public void close() {
                discovery.close();
            }
        };
    }

    /** The embedded registry, over its wire protocol on both sides. */
    static Listing registry() throws IOException {
        return new OfRegistry(RegistryServer.start(0));
    }

    /** Registers those that are listed, and deregisters those that aren't any more. */
    final class OfRegistry implements Listing {
        private static final MediaType JSON = MediaType.get("application/json");

        private final RegistryServer server;
        private final RegistryDiscovery discovery;
        private final OkHttpClient client = new OkHttpClient();
        private final Map<String, ServiceInstance> registered = new HashMap<>();

        private OfRegistry(RegistryServer server) {
            this.server = server;
            this.discovery = RegistryDiscovery.of(server.url());
        }

        @Override
        public ServiceDiscovery discovery() {
            return discovery;
        }

        @Override
        public void list(List<ServiceInstance> instances) throws IOException {
            Map<String, ServiceInstance> next = new HashMap<>();
            instances.forEach(each -> next.put(each.id(), each));
            for (ServiceInstance each : instances) {
                if (!registered.containsKey(each.id())) {
                    String body = "{\"host\": \"" + each.host() + "\", \"port\": " + each.port() + "}";
                    send(new Request.Builder().url(url(each.id()) + "?ttl=5m").put(RequestBody.create(body, JSON)));
                }
            }
            for (String id : registered.keySet()) {
                if (!next.containsKey(id)) {
                    send(new Request.Builder().url(url(id)).delete());
                }
            }
            registered.clear();
            registered.putAll(next);
        }

        private String url(String id) {
            return server.url() + "/v1/services/orders/instances/" + id;
        }

        private void send(Request.Builder request) throws IOException {
            try (Response response = client.newCall(request.build()).execute()) {
                if (!response.isSuccessful()) {
                    throw new IOException("registry: " + response.code() + " "
                            + response.body().string());
                }
            }
        }

        @Override
        public void close() {
            discovery.close();
            server.close();
            client.dispatcher().executorService().shutdown();
            client.connectionPool().evictAll();
        }
    }
}
