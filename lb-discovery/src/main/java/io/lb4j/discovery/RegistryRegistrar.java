package io.lb4j.discovery;

import com.fasterxml.jackson.databind.JsonNode;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.internal.InstanceWriter;
import io.lb4j.discovery.internal.JsonCalls;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import okhttp3.Call;
import okhttp3.Headers;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import org.jspecify.annotations.Nullable;

/** Registers with a {@link RegistryServer}. Thread-safe. */
final class RegistryRegistrar implements Registrar {
    private static final System.Logger LOG = System.getLogger(RegistryRegistrar.class.getName());
    private static final MediaType JSON = MediaType.get("application/json");

    private final JsonCalls calls;
    private final String lease = UUID.randomUUID().toString();
    private volatile @Nullable Call call;

    RegistryRegistrar(String url, DiscoveryUri.@Nullable Secret token, @Nullable OkHttpClient client) {
        this.calls = RegistryRules.calls(url, token, client);
    }

    @Override
    public void check(String service, ServiceInstance instance) {
        RegistryRules.service(service);
        RegistryRules.id(instance.id());
    }

    @Override
    public void register(String service, ServiceInstance instance, Duration ttl, Answer answer) {
        byte[] body = InstanceWriter.toBytes(json -> InstanceWriter.write(instance, json));
        Map<String, String> query = Map.of("ttl", ttl.toMillis() + "ms", "lease", lease);
        ask(request("PUT", query, body, service, "instances", instance.id()), false, ttl, answer);
    }

    @Override
    public void renew(String service, ServiceInstance instance, Duration ttl, Answer answer) {
        Map<String, String> query = Map.of("lease", lease);
        ask(request("PUT", query, null, service, "instances", instance.id(), "heartbeat"), true, ttl, answer);
    }

    private void ask(Request.Builder request, boolean renewal, Duration ttl, Answer answer) {
        call = calls.ask(request, Registration.patience(ttl), new JsonCalls.Handler() {
            @Override
            public void answered(int code, Headers headers, JsonNode json) {
                if (code == 200 && json.path("ttlMillis").isIntegralNumber()) {
                    answer.held(Duration.ofMillis(json.path("ttlMillis").longValue()));
                } else if (renewal && (code == 404 || code == 409)) {
                    answer.forgotten(json.path("error").asText(""));
                } else if (code >= 400 && code < 500) {
                    answer.refused(String.valueOf(calls.unexpected(code, json).getMessage()));
                } else {
                    answer.failed(calls.unexpected(code, json));
                }
            }

            @Override
            public void failed(IOException error) {
                answer.failed(error);
            }
        });
    }

    private Request.Builder request(String method, Map<String, String> query, byte @Nullable [] body, String... path) {
        RequestBody content = RequestBody.create(body == null ? new byte[0] : body, body == null ? null : JSON);
        return new Request.Builder()
                .url(calls.path(RegistryRules.PATH, query, path))
                .method(method, content);
    }

    @Override
    public void cancel() {
        Call pending = call;
        if (pending != null) {
            pending.cancel();
        }
    }

    @Override
    public void deregister(String service, ServiceInstance instance, Duration atMost) throws IOException {
        Map<String, String> query = Map.of("lease", lease);
        int code = calls.askNow(request("DELETE", query, null, service, "instances", instance.id()), atMost);
        LOG.log(System.Logger.Level.DEBUG, this + ": deregistration was answered " + code);
    }

    @Override
    public void close() {
        calls.close();
    }

    @Override
    public String toString() {
        return calls.toString();
    }
}
